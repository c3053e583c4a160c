"""What a website says about its own user: a short-lived JWT (RFC 7519), signed with the site's API secret.

    {"iss": site id, "aud": this server's address, "sub": the site's own id of the user, "name": ...,
     "mail": ..., "iat": ..., "exp": at most 10 minutes later, "jti": used once}

HS256 and nothing else, whatever the token's header asks for (RFC 8725, 3.1). Signature and form are PyJWT's;
times are compared here, for time is an argument.
"""

from __future__ import annotations

from typing import Annotated

import jwt
import msgspec

from booking.sites import SiteUser
from server.errors import Problem

ALGORITHM = "HS256"
MAX_LIFE_S = 600
SKEW_S = 60
"""How far the website's clock may be from ours. It never prolongs a token's life beyond `MAX_LIFE_S`."""
MAX_CHARS = 4_096


class SiteClaims(msgspec.Struct, frozen=True):
    """The claims that count; a site may put others beside them."""

    iss: str
    aud: str
    sub: str
    name: str
    iat: Annotated[int, msgspec.Meta(ge=0)]
    exp: Annotated[int, msgspec.Meta(ge=0)]
    jti: Annotated[str, msgspec.Meta(min_length=8, max_length=128)]
    mail: str = ""

    def user(self) -> SiteUser:
        """The user it vouches for. Raises `Problem` jwt.claims."""
        try:
            return SiteUser(self.iss, self.sub, self.name.strip(), self.mail.strip())
        except ValueError as error:
            raise Problem("jwt.claims", str(error)) from None


def read(token: str, secret: str, site_id: str, audience: str, now_s: int) -> SiteClaims:
    """The claims of a good token. Raises `Problem` jwt.malformed, jwt.forged, jwt.expired, jwt.claims."""
    if len(token) > MAX_CHARS:
        raise Problem("jwt.malformed")
    try:
        payload = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=site_id,
            options={
                "require": ["exp", "iat", "jti", "sub", "aud", "iss"],
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        claims = msgspec.convert(payload, SiteClaims)
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
        raise Problem("jwt.forged") from None
    except (jwt.InvalidAudienceError, jwt.InvalidIssuerError) as error:
        raise Problem("jwt.claims", f"{error}: aud is {audience}, iss is the site's id.") from None
    except jwt.MissingRequiredClaimError as error:
        raise Problem("jwt.claims", str(error)) from None
    except jwt.PyJWTError:
        raise Problem("jwt.malformed") from None
    except msgspec.ValidationError as error:
        raise Problem("jwt.claims", str(error)) from None
    if claims.exp - claims.iat > MAX_LIFE_S:
        raise Problem("jwt.claims", f"exp may be at most {MAX_LIFE_S} s after iat.")
    if claims.iat > now_s + SKEW_S:
        raise Problem("jwt.claims", "iat lies in the future.")
    if claims.exp <= now_s:
        raise Problem("jwt.expired")
    return claims

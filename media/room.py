"""A room: who publishes what, and which routes carry it to whom."""

from __future__ import annotations

from collections.abc import Iterator

from media.route import Route
from media.track import Track


class Room:
    """Tracks by id and the routes that want them, whether the track is there yet or not."""

    __slots__ = ("_routes", "held", "id", "peers", "tracks")

    def __init__(self, room_id: str) -> None:
        self.id = room_id
        self.held = False
        self.peers = 0
        self.tracks: dict[str, Track] = {}
        self._routes: dict[str, list[Route]] = {}

    def publish(self, track: Track, now_ms: int) -> None:
        """`track` is what its id means from now on; routes move over to it."""
        older = self.tracks.get(track.id)
        if older is track:
            return
        if older is not None:
            self.unpublish(older, now_ms)
        self.tracks[track.id] = track
        for route in self._routes.get(track.id, ()):
            if route.kind == track.kind:
                route.attach(track)
        self._serve(track, now_ms)

    def unpublish(self, track: Track, now_ms: int) -> None:
        """The track is over; its routes wait for another with the same id."""
        if self.tracks.get(track.id) is not track:
            return
        del self.tracks[track.id]
        track.routes = ()
        for route in self._routes.get(track.id, ()):
            route.freeze(now_ms)
            route.track = None

    def subscribe(self, route: Route, now_ms: int) -> None:
        """Carry the route's track from now on, or from when it comes into being."""
        self._routes.setdefault(route.track_id, []).append(route)
        track = self.tracks.get(route.track_id)
        if track is not None and track.kind == route.kind:
            route.attach(track)
            self._serve(track, now_ms)

    def unsubscribe(self, route: Route, now_ms: int) -> None:
        """Forget the route."""
        routes = self._routes.get(route.track_id, [])
        if route in routes:
            routes.remove(route)
        if not routes:
            self._routes.pop(route.track_id, None)
        if route.track is not None:
            self._serve(route.track, now_ms)
            route.track = None

    def hold(self, now_ms: int) -> None:
        """Forward nothing."""
        self.held = True
        for track in self.tracks.values():
            for route in track.routes:
                route.freeze(now_ms)
            track.routes = ()

    def release(self, now_ms: int) -> None:
        """Forward again; the waiting routes begin at a fresh key frame."""
        self.held = False
        for track in self.tracks.values():
            self._serve(track, now_ms)

    def supply(self, route: Route, now_ms: int) -> None:
        """Whether the route's peer is to get media has changed (`Outbound.shut`)."""
        if route.track is not None:
            if route.out.shut:
                route.freeze(now_ms)
            self._serve(route.track, now_ms)

    def routes(self) -> Iterator[Route]:
        """All routes of the room."""
        for routes in self._routes.values():
            yield from routes

    def _serve(self, track: Track, now_ms: int) -> None:
        if self.held:
            return
        routes = self._routes.get(track.id, ())
        track.routes = tuple(route for route in routes if route.track is track and not route.out.shut)
        if any(route.waiting and route.out.ready for route in track.routes):
            track.ask_key_frame(now_ms)

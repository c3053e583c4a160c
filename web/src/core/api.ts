/** The HTTP API, typed. Every request has a time-out; a refusal is a `Refusal` with the server's stable code. */

import type {
  AfterCall,
  AttachAddress,
  Call,
  CallCap,
  CallList,
  ChangeOffer,
  ChangeProfile,
  ConfirmPayment,
  CreateCall,
  CreateClient,
  CreateExpert,
  CreateOffer,
  CreatePayment,
  CreateSite,
  EmbedSession,
  Expert,
  ExpertProfile,
  GiveTip,
  GuestLink,
  JoinLine,
  JoinToken,
  KeptMails,
  LinePlace,
  LinePlaces,
  LoginList,
  Me,
  OfficeHours,
  OperatorOverview,
  Payment,
  Problem,
  Receipt,
  RefundCall,
  SetAutoTopUp,
  SetOffice,
  SignedIn,
  SignedOut,
  SignIn,
  SignInTicket,
  Site,
  SiteList,
  SiteSecret,
  SlugState,
  StartEmbed,
  Wallet,
  WalletPayments,
} from "../protocol/api";
import type { ChatFile } from "../protocol/messages";
import { upload } from "./upload";

const TIMEOUT_MS = 10_000;

/** The code of a refusal that never reached the server or never came back. */
export const UNREACHABLE = "network";

/** A request that failed. `code` is stable: the server's, or `network` when nothing is known of the outcome. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }

  /** Whether the same request may succeed a little later. */
  get passing(): boolean {
    return this.code === UNREACHABLE || this.status === 429 || this.status >= 500;
  }
}

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export class Api {
  readonly #token: string | null;
  readonly #fetch: Fetch;

  /** `token` is that of a person's link; without one the browser's login cookie says who asks. */
  constructor(token: string | null, fetch: Fetch = (input, init) => globalThis.fetch(input, init)) {
    this.#token = token;
    this.#fetch = fetch;
  }

  /** Start as a guest: a client with a name and an empty wallet, logged in on this browser. */
  start(body: CreateClient): Promise<Me> {
    return this.#ask("POST", "/clients", body);
  }
  /** Mail a code to an address; it is typed in with the ticket that comes back. */
  sendCode(address: string): Promise<SignInTicket> {
    return this.#ask("POST", "/sign-in/codes", { address });
  }
  signIn(body: SignIn): Promise<SignedIn> {
    return this.#ask("POST", "/sign-in", body);
  }
  signOut(): Promise<SignedOut> {
    return this.#ask("POST", "/sign-out");
  }
  attachAddress(body: AttachAddress): Promise<Me> {
    return this.#ask("POST", "/address", body);
  }
  logins(): Promise<LoginList> {
    return this.#ask("GET", "/logins");
  }
  revokeLogin(id: string): Promise<SignedOut> {
    return this.#ask("POST", `/logins/${encodeURIComponent(id)}/revoke`);
  }
  revokeOthers(): Promise<SignedOut> {
    return this.#ask("POST", "/logins/revoke", { but_this: true });
  }
  keptMails(): Promise<KeptMails> {
    return this.#ask("GET", "/development/mails");
  }
  /** Begin on a page inside the widget's frame. */
  startEmbed(body: StartEmbed): Promise<EmbedSession> {
    return this.#ask("POST", "/embed/sessions", body);
  }
  sites(): Promise<SiteList> {
    return this.#ask("GET", "/sites");
  }
  createSite(body: CreateSite): Promise<SiteSecret> {
    return this.#ask("POST", "/sites", body);
  }
  changeOrigins(id: string, origins: string[]): Promise<Site> {
    return this.#ask("POST", `/sites/${encodeURIComponent(id)}/origins`, { origins });
  }
  renewSecret(id: string): Promise<SiteSecret> {
    return this.#ask("POST", `/sites/${encodeURIComponent(id)}/secret`);
  }
  revokeSite(id: string): Promise<SiteList> {
    return this.#ask("POST", `/sites/${encodeURIComponent(id)}/revoke`);
  }
  me(): Promise<Me> {
    return this.#ask("GET", "/me");
  }
  expert(slug: string): Promise<Expert> {
    return this.#ask("GET", `/experts/${encodeURIComponent(slug)}`);
  }
  wallet(): Promise<Wallet> {
    return this.#ask("GET", "/wallet");
  }
  payments(): Promise<WalletPayments> {
    return this.#ask("GET", "/wallet/payments");
  }
  pay(body: CreatePayment): Promise<Payment> {
    return this.#ask("POST", "/wallet/payments", body);
  }
  payment(id: string): Promise<Payment> {
    return this.#ask("GET", `/wallet/payments/${encodeURIComponent(id)}`);
  }
  confirmPayment(id: string, body: ConfirmPayment): Promise<Payment> {
    return this.#ask("POST", `/wallet/payments/${encodeURIComponent(id)}/confirm`, body);
  }
  cancelPayment(id: string): Promise<Payment> {
    return this.#ask("POST", `/wallet/payments/${encodeURIComponent(id)}/cancel`);
  }
  forgetCard(): Promise<WalletPayments> {
    return this.#ask("POST", "/wallet/card/forget");
  }
  setAutoTopUp(body: SetAutoTopUp): Promise<WalletPayments> {
    return this.#ask("POST", "/wallet/auto-top-up", body);
  }
  cap(): Promise<CallCap> {
    return this.#ask("GET", "/wallet/cap");
  }
  setCap(minor: number | null): Promise<CallCap> {
    return this.#ask("POST", "/wallet/cap", { cap_minor: minor });
  }
  createCall(body: CreateCall): Promise<Call> {
    return this.#ask("POST", "/calls", body);
  }
  calls(): Promise<CallList> {
    return this.#ask("GET", "/calls");
  }
  call(id: string): Promise<Call> {
    return this.#ask("GET", `/calls/${encodeURIComponent(id)}`);
  }
  join(id: string): Promise<JoinToken> {
    return this.#ask("POST", `/calls/${encodeURIComponent(id)}/join`);
  }
  invite(id: string, name: string): Promise<GuestLink> {
    return this.#ask("POST", `/calls/${encodeURIComponent(id)}/guests`, { name });
  }
  presence(): Promise<JoinToken> {
    return this.#ask("POST", "/presence");
  }
  joinLine(slug: string, body: JoinLine): Promise<LinePlace> {
    return this.#ask("POST", `/experts/${encodeURIComponent(slug)}/line`, body);
  }
  line(): Promise<LinePlaces> {
    return this.#ask("GET", "/line");
  }
  place(id: string): Promise<LinePlace> {
    return this.#ask("GET", `/line/${encodeURIComponent(id)}`);
  }
  leaveLine(id: string): Promise<LinePlace> {
    return this.#ask("POST", `/line/${encodeURIComponent(id)}/leave`);
  }
  connectLine(id: string): Promise<JoinToken> {
    return this.#ask("POST", `/line/${encodeURIComponent(id)}/connect`);
  }
  office(): Promise<OfficeHours> {
    return this.#ask("GET", "/office");
  }
  setOffice(body: SetOffice): Promise<OfficeHours> {
    return this.#ask("POST", "/office", body);
  }
  /** What was given and said after a call, and what still can be. */
  after(id: string): Promise<AfterCall> {
    return this.#ask("GET", `/calls/${encodeURIComponent(id)}/after`);
  }
  tip(id: string, body: GiveTip): Promise<AfterCall> {
    return this.#ask("POST", `/calls/${encodeURIComponent(id)}/tips`, body);
  }
  rate(id: string, stars: number, text: string): Promise<AfterCall> {
    return this.#ask("POST", `/calls/${encodeURIComponent(id)}/rating`, { stars, text });
  }
  dispute(id: string, reason: string): Promise<AfterCall> {
    return this.#ask("POST", `/calls/${encodeURIComponent(id)}/dispute`, { reason });
  }
  answerDispute(id: string, text: string): Promise<AfterCall> {
    return this.#ask("POST", `/calls/${encodeURIComponent(id)}/dispute/answer`, { text });
  }
  refundCall(id: string, body: RefundCall): Promise<AfterCall> {
    return this.#ask("POST", `/calls/${encodeURIComponent(id)}/refunds`, body);
  }
  receipt(id: string): Promise<Receipt> {
    return this.#ask("GET", `/calls/${encodeURIComponent(id)}/receipt`);
  }
  overview(): Promise<OperatorOverview> {
    return this.#ask("GET", "/operator/overview");
  }
  endCall(id: string): Promise<Call> {
    return this.#ask("POST", `/operator/calls/${encodeURIComponent(id)}/end`);
  }
  createExpert(body: CreateExpert): Promise<ExpertProfile> {
    return this.#ask("POST", "/experts", body);
  }
  slug(slug: string): Promise<SlugState> {
    return this.#ask("GET", `/slugs/${encodeURIComponent(slug)}`);
  }
  profile(): Promise<ExpertProfile> {
    return this.#ask("GET", "/profile");
  }
  changeProfile(body: ChangeProfile): Promise<ExpertProfile> {
    return this.#ask("POST", "/profile", body);
  }
  setPhoto(photo: Blob): Promise<ExpertProfile> {
    return this.#ask("POST", "/profile/photo", photo);
  }
  removePhoto(): Promise<ExpertProfile> {
    return this.#ask("POST", "/profile/photo/remove");
  }
  createOffer(body: CreateOffer): Promise<ExpertProfile> {
    return this.#ask("POST", "/profile/offers", body);
  }
  changeOffer(id: string, body: ChangeOffer): Promise<ExpertProfile> {
    return this.#ask("POST", `/profile/offers/${encodeURIComponent(id)}`, body);
  }
  withdrawOffer(id: string): Promise<ExpertProfile> {
    return this.#ask("POST", `/profile/offers/${encodeURIComponent(id)}/withdraw`);
  }

  /** Any other operation: areas that few pages need have a file of their own. */
  request<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    return this.#ask(method, path, body);
  }

  /** A file as it is; what is shown to nobody but a spreadsheet. */
  file(path: string): Promise<Blob> {
    return this.#send("GET", path, undefined, (response) => response.blob());
  }

  /** Send a file of a call to the other side; once by its id. */
  async sendFile(
    callId: string,
    id: string,
    file: Blob & { readonly name: string },
    progress: (part: number) => void,
    signal: AbortSignal,
  ): Promise<ChatFile> {
    const query = new URLSearchParams({ id, name: file.name.slice(-200) });
    const headers = {
      ...this.#headers(),
      "X-Talktime-Csrf": "1",
      "Content-Type": "application/octet-stream",
    };
    const url = `/api/v1/calls/${encodeURIComponent(callId)}/files?${query}`;
    let response: Response;
    try {
      response = await upload({ url, headers, body: file, progress, signal });
    } catch (error) {
      throw new Refusal(UNREACHABLE, 0, String(error));
    }
    const text = await response.text();
    if (!response.ok) throw refusal(response, text);
    return JSON.parse(text) as ChatFile;
  }

  #headers(): Record<string, string> {
    return this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
  }

  #ask<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    return this.#send(method, path, body, async (response) => JSON.parse(await response.text()) as T);
  }

  async #send<T>(
    method: "GET" | "POST",
    path: string,
    body: object | undefined,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const headers = this.#headers();
    // What the cookie authenticates must come from our own pages: no other origin can send this header.
    if (method !== "GET") headers["X-Talktime-Csrf"] = "1";
    if (body) headers["Content-Type"] = body instanceof Blob ? body.type : "application/json";
    let response: Response;
    let problem = "";
    try {
      response = await this.#fetch(`/api/v1${path}`, {
        method,
        headers,
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body ? { body: body instanceof Blob ? body : JSON.stringify(body) } : {}),
      });
      if (response.ok) return await read(response);
      problem = await response.text();
    } catch (error) {
      throw new Refusal(UNREACHABLE, 0, String(error));
    }
    throw refusal(response, problem);
  }
}

function refusal(response: Response, text: string): Refusal {
  const seconds = Number(response.headers.get("Retry-After"));
  const retryAfterMs = seconds > 0 ? seconds * 1000 : null;
  try {
    const problem = JSON.parse(text) as Problem;
    return new Refusal(problem.code, response.status, problem.detail || problem.title, retryAfterMs);
  } catch {
    return new Refusal("server.error", response.status, `HTTP ${response.status}`, retryAfterMs);
  }
}

/** Do it again while the outcome is unknown; safe because the body carries an id chosen before. */
export async function insist<T>(
  run: () => Promise<T>,
  wait: (ms: number) => Promise<void>,
  tries = 4,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Refusal) || !error.passing || attempt >= tries) throw error;
      await wait(error.retryAfterMs ?? 300 * attempt);
    }
  }
}

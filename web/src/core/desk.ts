/** The part of the API that an expert's console needs. */

import type { CallList, ClientCard, ClientList, DisputeList, Earnings } from "../protocol/api";
import type { Api } from "./api";
import type { Span } from "./days";

export class Desk {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  earnings(span: Span): Promise<Earnings> {
    return this.#api.request("GET", `/console/earnings?${query(span)}`);
  }
  calls(words: string, before: number | null): Promise<CallList> {
    return this.#api.request("GET", `/calls?${query({ words, before })}`);
  }
  callsFile(words: string, span: Span): Promise<Blob> {
    return this.#api.file(`/console/calls.csv?${query({ words, ...span })}`);
  }
  clients(words: string, before: number | null): Promise<ClientList> {
    return this.#api.request("GET", `/console/clients?${query({ words, before })}`);
  }
  disputes(): Promise<DisputeList> {
    return this.#api.request("GET", "/disputes?state=open");
  }
  blocked(): Promise<ClientList> {
    return this.#api.request("GET", "/console/blocked");
  }
  caller(call: string): Promise<ClientCard> {
    return this.#api.request("GET", `/console/calls/${encodeURIComponent(call)}/client`);
  }
  writeNote(client: string, text: string): Promise<ClientCard> {
    return this.#api.request("POST", `/console/clients/${encodeURIComponent(client)}/note`, { text });
  }
  block(client: string): Promise<ClientCard> {
    return this.#api.request("POST", `/console/clients/${encodeURIComponent(client)}/block`);
  }
  unblock(client: string): Promise<ClientCard> {
    return this.#api.request("POST", `/console/clients/${encodeURIComponent(client)}/unblock`);
  }
}

/** A query string; what is empty or null is left out. */
export function query(given: object): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(given) as [string, string | number | null][])
    if (value !== null && value !== "") parts.set(name, value.toString());
  return parts.toString();
}

/** Give a file to the person. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

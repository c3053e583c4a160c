/** The part of the API that a client's own pages need. */

import type { CallCap, CallList, Deleted, DeleteMe, Wallet, WalletStatement } from "../protocol/api";
import type { Api } from "./api";
import type { Span } from "./days";
import { query } from "./desk";

export class Account {
  constructor(readonly api: Api) {}

  wallet(): Promise<Wallet> {
    return this.api.wallet();
  }
  cap(): Promise<CallCap> {
    return this.api.cap();
  }
  setCap(minor: number | null): Promise<CallCap> {
    return this.api.setCap(minor);
  }
  calls(words: string, before: number | null): Promise<CallList> {
    return this.api.request("GET", `/calls?${query({ words, before })}`);
  }
  statement(span: Span): Promise<WalletStatement> {
    return this.api.request("GET", `/wallet/statement?${query(span)}`);
  }
  statementFile(span: Span): Promise<Blob> {
    return this.api.file(`/wallet/statement.csv?${query(span)}`);
  }
  exported(): Promise<Blob> {
    return this.api.file("/me/export");
  }
  remove(order: DeleteMe): Promise<Deleted> {
    return this.api.request("POST", "/me/delete", order);
  }
}

/** The part of the API that the operator's pages need. */

import type {
  Adjust,
  AfterCall,
  AuditPage,
  CallList,
  CreateRefund,
  DecideDispute,
  DisputeList,
  LoginList,
  OperatorPayments,
  PersonDetail,
  PersonList,
  RefundView,
} from "../protocol/api";
import type { Api } from "./api";
import { query } from "./desk";

export class House {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  people(words: string, role: string, before: string | null): Promise<PersonList> {
    return this.#api.request("GET", `/operator/people?${query({ words, role, before })}`);
  }
  person(id: string): Promise<PersonDetail> {
    return this.#api.request("GET", `/operator/people/${encodeURIComponent(id)}`);
  }
  callsOf(id: string, before: number | null): Promise<CallList> {
    return this.#api.request("GET", `/operator/people/${encodeURIComponent(id)}/calls?${query({ before })}`);
  }
  loginsOf(id: string): Promise<LoginList> {
    return this.#api.request("GET", `/operator/people/${encodeURIComponent(id)}/logins`);
  }
  adjust(id: string, body: Adjust): Promise<PersonDetail> {
    return this.#api.request("POST", `/operator/people/${encodeURIComponent(id)}/adjustments`, body);
  }
  disputes(): Promise<DisputeList> {
    return this.#api.request("GET", "/disputes");
  }
  after(call: string): Promise<AfterCall> {
    return this.#api.request("GET", `/calls/${encodeURIComponent(call)}/after`);
  }
  decide(call: string, body: DecideDispute): Promise<AfterCall> {
    return this.#api.request("POST", `/disputes/${encodeURIComponent(call)}/decision`, body);
  }
  payments(person: string, before: string | null): Promise<OperatorPayments> {
    return this.#api.request("GET", `/operator/payments?${query({ person, before })}`);
  }
  refund(body: CreateRefund): Promise<RefundView> {
    return this.#api.request("POST", "/operator/refunds", body);
  }
  audit(about: string, action: string, before: number | null): Promise<AuditPage> {
    return this.#api.request("GET", `/operator/audit?${query({ about, action, before })}`);
  }
}

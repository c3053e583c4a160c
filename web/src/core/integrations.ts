/** The part of the API that keys and webhooks need, and who of those that are known here may use it. */

import type {
  ApiKey,
  CreateEndpoint,
  CreateKey,
  DeliveryDetail,
  DeliveryList,
  EndpointList,
  KeyList,
  Me,
  NewApiKey,
  NewEndpoint,
  WebhookDelivery,
  WebhookEndpoint,
} from "../protocol/api";
import { Api, Refusal } from "./api";

export type EndpointAction = "disable" | "enable" | "delete";

export class Integrations {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  keys(): Promise<KeyList> {
    return this.#api.request("GET", "/keys");
  }
  makeKey(body: CreateKey): Promise<NewApiKey> {
    return this.#api.request("POST", "/keys", body);
  }
  revokeKey(id: string): Promise<ApiKey> {
    return this.#api.request("POST", `/keys/${encodeURIComponent(id)}/revoke`);
  }
  endpoints(): Promise<EndpointList> {
    return this.#api.request("GET", "/webhooks");
  }
  addEndpoint(body: CreateEndpoint): Promise<NewEndpoint> {
    return this.#api.request("POST", "/webhooks", body);
  }
  test(id: string): Promise<WebhookDelivery> {
    return this.#api.request("POST", `/webhooks/${encodeURIComponent(id)}/test`);
  }
  rotate(id: string): Promise<NewEndpoint> {
    return this.#api.request("POST", `/webhooks/${encodeURIComponent(id)}/rotate`);
  }
  change(id: string, action: EndpointAction): Promise<WebhookEndpoint> {
    return this.#api.request("POST", `/webhooks/${encodeURIComponent(id)}/${action}`);
  }
  deliveries(id: string): Promise<DeliveryList> {
    return this.#api.request("GET", `/webhooks/${encodeURIComponent(id)}/deliveries`);
  }
  delivery(id: string): Promise<DeliveryDetail> {
    return this.#api.request("GET", `/webhook-deliveries/${encodeURIComponent(id)}`);
  }
  replay(id: string): Promise<WebhookDelivery> {
    return this.#api.request("POST", `/webhook-deliveries/${encodeURIComponent(id)}/replay`);
  }
}

/**
 * The first of these logins that an expert or an operator has (null: the browser's cookie). When none is, the
 * refusal of the last one that was not somebody else is thrown.
 */
export async function siteLogin(
  tokens: readonly (string | null)[],
  make: (token: string | null) => Api = (token) => new Api(token),
): Promise<{ api: Api; me: Me }> {
  let refused = new Refusal("auth.missing", 401, "");
  for (const token of tokens) {
    const api = make(token);
    try {
      const me = await api.me();
      if (me.role === "expert" || me.role === "operator") return { api, me };
      refused = new Refusal("auth.forbidden", 403, "");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.passing) throw error;
      if (refused.code === "auth.missing") refused = error;
    }
  }
  throw refused;
}

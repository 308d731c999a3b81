/** Made-up names in scope, for a first test before there is any call. */
import type { JsonObject, Moment } from "../model/types";

export function exampleData(moment: Moment): JsonObject {
  const phone = "+33612345678";
  const interaction: JsonObject = { ANI: phone, DNIS: "+33180000000", DIRECTION: "inbound" };
  if (moment === "after") {
    Object.assign(interaction, { SUMMARY: "…", TRANSCRIPT: "…", DURATION: 95, DISPOSITION: "", ENDED_REASON: "hangup" });
  }
  return {
    system: { callId: "test", agentId: "test", phone, phoneE164: phone },
    interaction,
    sip: {},
    context: {},
    params: {},
  };
}

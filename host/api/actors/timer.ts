import { ScheduleError } from "../../actors/schedule/parse-schedule.ts";
import type { ActorTimers } from "../../actors/timers/actor-timers.ts";
import type { Core } from "../../core/core.ts";
import { apiError } from "../../errors/api-error.ts";
import { noContent, type RuntimeResponse } from "../../http.ts";
import type { Call } from "../endpoint.ts";
import { scheduledBody } from "./scheduled-body.ts";

/** A call about a timer, and whatever has it. */
export interface TimerCall {
  readonly core: Core;
  /** Of the type; undefined where it is not hosted here. */
  readonly timers: ActorTimers | undefined;
  readonly method: string;
  readonly body: Uint8Array;
}

/** POST, PUT and DELETE of …/timers/{name}. */
export function answerTimer(
  { core, timers, method, body }: TimerCall,
  [type = "", id = "", name = ""]: Call["params"],
): RuntimeResponse {
  if (method === "DELETE") {
    timers?.delete(type, id, name);
    return noContent;
  }
  const settings = scheduledBody(core, body);
  if (timers === undefined) {
    const cause = `can't create timer for actor ${type}||${id}: actor type not registered`;
    return apiError("ERR_ACTOR_TIMER_CREATE", { cause });
  }
  try {
    timers.register(type, id, name, settings);
    return noContent;
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    return apiError("ERR_ACTOR_TIMER_CREATE", { cause: error.message });
  }
}

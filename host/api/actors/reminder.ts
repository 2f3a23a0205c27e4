import { FencedError } from "../../actors/actor-store.ts";
import { callbackBody } from "../../actors/callback.ts";
import { type KeptReminder, ReminderExistsError } from "../../actors/reminders/reminder-book.ts";
import type { Reminders } from "../../actors/reminders/reminders.ts";
import { goDuration } from "../../actors/schedule/go-duration.ts";
import { ScheduleError } from "../../actors/schedule/parse-schedule.ts";
import type { Core } from "../../core/core.ts";
import { ApiError, apiError } from "../../errors/api-error.ts";
import type { ErrorCode } from "../../errors/catalogue.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { noContent, type RuntimeResponse } from "../../http.ts";
import { joinBytes } from "../../join-bytes.ts";
import type { Call } from "../endpoint.ts";
import { scheduledBody } from "./scheduled-body.ts";

/** A call about a reminder, and whatever has it. */
export interface ReminderCall {
  readonly core: Core;
  /** Of the type; undefined where it is not hosted here, or no store keeps actors. */
  readonly reminders: Reminders | undefined;
  readonly method: string;
  readonly body: Uint8Array;
}

/** All that one answer lists. */
const mostListed = 10_000;

const encoder = new TextEncoder();
const jsonHeaders = ["content-type", "application/json"];

/** GET, POST, PUT and DELETE of …/reminders/{name}; without a name those of the actor are listed. */
export async function answerReminder(
  { core, reminders, method, body }: ReminderCall,
  [type = "", id = "", name]: Call["params"],
): Promise<RuntimeResponse> {
  const settings = method === "POST" || method === "PUT" ? scheduledBody(core, body) : undefined;
  if (reminders === undefined) return apiError("ERR_ACTOR_REMINDER_NON_HOSTED");
  if (settings !== undefined && name !== undefined) {
    try {
      await reminders.register(type, id, name, settings);
      return noContent;
    } catch (error) {
      if (error instanceof ReminderExistsError)
        return apiError("ERR_ACTOR_REMINDER_ALREADY_EXISTS", { name });
      throw failed("ERR_ACTOR_REMINDER_CREATE", error);
    }
  }
  if (method === "DELETE" && name !== undefined) {
    await reminders.delete(type, id, name).catch((error) => {
      throw failed("ERR_ACTOR_REMINDER_DELETE", error);
    });
    return noContent;
  }
  return await (name === undefined ? listed(reminders, type, id) : one(reminders, type, id, name));
}

async function one(reminders: Reminders, type: string, id: string, name: string): Promise<RuntimeResponse> {
  const kept = await reminders.get(type, id, name).catch((error) => {
    throw failed("ERR_ACTOR_REMINDER_GET", error);
  });
  if (kept === undefined) return apiError("ERR_ACTOR_REMINDER_NOT_FOUND", { name });
  return { status: 200, headers: jsonHeaders, body: shown(kept, {}) };
}

async function listed(reminders: Reminders, type: string, id: string): Promise<RuntimeResponse> {
  const kept = await reminders.list(type, id, mostListed).catch((error) => {
    throw failed("ERR_ACTOR_REMINDER_GET", error);
  });
  const parts = kept.flatMap((each, i) => [
    encoder.encode(i === 0 ? "" : ","),
    shown(each, { name: each.name }),
  ]);
  const body = joinBytes([encoder.encode('{"reminders":['), ...parts, encoder.encode("]}")]);
  return { status: 200, headers: jsonHeaders, body };
}

/** A reminder as Dapr shows it: what is empty is left out, and its period is written as the Scheduler does. */
function shown({ type, id, record }: KeptReminder, named: Readonly<Record<string, string>>): Uint8Array {
  const { schedule, dueTime, data } = record;
  const members: Record<string, string> = { ...named, actorID: id, actorType: type };
  if (dueTime !== "") members.dueTime = dueTime;
  if (schedule.period !== undefined) members.period = `@every ${goDuration(schedule.period.ms)}`;
  if (schedule.until !== undefined) {
    members.ttl = new Date(schedule.until).toISOString().replace(/\.000Z$/, "Z");
  }
  return callbackBody(data === undefined ? undefined : encoder.encode(data), members);
}

function failed(code: ErrorCode, error: unknown): unknown {
  const known =
    error instanceof ScheduleError || error instanceof ComponentError || error instanceof FencedError;
  return known ? new ApiError(code, { cause: error.message }) : error;
}

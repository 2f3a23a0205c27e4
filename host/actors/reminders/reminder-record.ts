import type { Schedule } from "../schedule/schedule.ts";
import type { FailurePolicy } from "./failure-policy.ts";

/** A reminder as it is kept: JSON, in which members that are undefined are left out. */
export interface ReminderRecord {
  /** As registered; empty where left out. */
  readonly dueTime: string;
  readonly period: string;
  /** JSON text. */
  readonly data?: string | undefined;
  readonly schedule: Schedule;
  /** The tick that is waited for. */
  readonly next: number;
  /** Repetitions that are left. */
  readonly left?: number | undefined;
  readonly failurePolicy?: FailurePolicy | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeRecord(record: ReminderRecord): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

export function decodeRecord(value: Uint8Array): ReminderRecord {
  return JSON.parse(decoder.decode(value)) as ReminderRecord;
}

/** The waiting tick is found by its key alone. */
export const tickValue = encoder.encode("0");

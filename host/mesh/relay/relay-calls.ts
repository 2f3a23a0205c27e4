import { type Frame, type FrameOf, window } from "../relay-protocol.ts";
import type { RelayMember } from "./relay-member.ts";

/** One invocation on its way through the relay. */
export interface RelayCall {
  readonly caller: RelayMember;
  readonly callerCall: number;
  readonly callee: RelayMember;
  readonly calleeCall: number;
  /** Bytes that may still be sent towards the callee and back, as their readers granted. */
  requestCredit: number;
  answerCredit: number;
}

/** The calls of one room: passes their frames on, and settles them when a side is lost. */
export class RelayCalls {
  /** The member that is callable under a name. */
  readonly #find: (instance: string) => RelayMember | undefined;

  constructor(find: (instance: string) => RelayMember | undefined) {
    this.#find = find;
  }

  start(caller: RelayMember, frame: FrameOf<"invoke">, body: Uint8Array): void {
    const refused = this.#start(caller, frame, body);
    if (refused !== undefined) {
      caller.send({ t: "fail", call: frame.call, kind: "unsent", message: refused });
    }
  }

  /** Why the call cannot be carried, or undefined. */
  #start(caller: RelayMember, frame: FrameOf<"invoke">, body: Uint8Array): string | undefined {
    const { call: callerCall, to, method, path, query, headers, more } = frame;
    if (callerCall <= 0 || caller.calls.has(callerCall)) return "the call's number is not valid";
    if (caller.calls.size >= caller.limits.callsPerMember) {
      return `the relay carries at most ${caller.limits.callsPerMember} calls of one member`;
    }
    const callee = this.#find(to);
    if (callee === undefined || !callee.connected) return "the instance is not connected to the relay";
    if (body.byteLength > window) return "the call's first bytes are more than may be under way";
    const calleeCall = callee.nextCall();
    const call: RelayCall = {
      caller,
      callerCall,
      callee,
      calleeCall,
      requestCredit: window - body.byteLength,
      answerCredit: window,
    };
    const { appId, namespace, vouched, address } = caller;
    const request: FrameOf<"request"> = {
      t: "request",
      call: calleeCall,
      appId,
      namespace,
      vouched,
      method,
      path,
      query,
      headers,
      more,
      ...(address === undefined ? {} : { address }),
    };
    caller.calls.set(callerCall, call);
    callee.calls.set(calleeCall, call);
    callee.send(request, body);
    return undefined;
  }

  answer(from: RelayMember, frame: FrameOf<"answer">, body: Uint8Array): void {
    const call = from.calls.get(frame.call);
    if (call === undefined || frame.call > 0 || !this.#spend(call, true, body)) return;
    if (!frame.more) this.#end(call);
    call.caller.send({ ...frame, call: call.callerCall }, body);
  }

  chunk(from: RelayMember, frame: FrameOf<"chunk">, body: Uint8Array): void {
    const call = from.calls.get(frame.call);
    if (call === undefined || !this.#spend(call, frame.call < 0, body)) return;
    if (!frame.more && frame.call < 0) this.#end(call);
    this.#pass(call, frame, body);
  }

  credit(from: RelayMember, frame: FrameOf<"credit">): void {
    const call = from.calls.get(frame.call);
    if (call === undefined || frame.bytes < 0) return;
    if (frame.call < 0) call.requestCredit = Math.min(window, call.requestCredit + frame.bytes);
    else call.answerCredit = Math.min(window, call.answerCredit + frame.bytes);
    this.#pass(call, frame);
  }

  cancel(from: RelayMember, frame: FrameOf<"cancel">): void {
    const call = from.calls.get(frame.call);
    if (call === undefined) return;
    if (frame.call > 0) this.#end(call);
    this.#pass(call, frame);
  }

  fail(from: RelayMember, frame: FrameOf<"fail">): void {
    const call = from.calls.get(frame.call);
    if (call === undefined || frame.call > 0) return;
    this.#end(call);
    this.#pass(call, frame);
  }

  /** A member's connection is lost: its callers are told, and who works for it. */
  abandon(member: RelayMember): void {
    for (const [number, call] of [...member.calls]) {
      this.#end(call);
      if (number > 0) call.callee.send({ t: "cancel", call: call.calleeCall });
      else this.#lost(call, "its connection to the relay was lost before it answered");
    }
  }

  #lost(call: RelayCall, message: string): void {
    call.caller.send({ t: "fail", call: call.callerCall, kind: "sent", message });
  }

  /** True when the sender kept within what the other side granted; else the call is over. */
  #spend(call: RelayCall, fromCallee: boolean, { byteLength }: Uint8Array): boolean {
    if (fromCallee) call.answerCredit -= byteLength;
    else call.requestCredit -= byteLength;
    if ((fromCallee ? call.answerCredit : call.requestCredit) >= 0) return true;
    this.#end(call);
    call.callee.send({ t: "cancel", call: call.calleeCall });
    this.#lost(call, "more of the call's body was sent than its reader had granted");
    return false;
  }

  /** To the other side, under its number: the frame's own number tells which side it came from. */
  #pass(call: RelayCall, frame: Extract<Frame, { call: number }>, body?: Uint8Array): void {
    if (frame.call < 0) call.caller.send({ ...frame, call: call.callerCall }, body);
    else call.callee.send({ ...frame, call: call.calleeCall }, body);
  }

  #end(call: RelayCall): void {
    call.caller.calls.delete(call.callerCall);
    call.callee.calls.delete(call.calleeCall);
  }
}

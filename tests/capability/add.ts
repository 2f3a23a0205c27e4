/** T61: the book's `add.wat`. */
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { data, guest, span, watPackage } from "./wat-package.ts";

/** The book's. */
const printed = `(module (func $add (param $lhs i32) (param $rhs i32) (result i32)
  local.get $lhs local.get $rhs i32.add))`;

const answer = encodeMessage({ kind: messageKind.answer, fields: [textField(":body", "0")] });
/** The same function, exported, and what reads the two digits `a` and `b` of a request for it. */
const exported = guest({
  more: `
    (data (i32.const 1024) ${data(answer)})
    (func $add (export "add") (param $lhs i32) (param $rhs i32) (result i32)
      (i32.add (local.get $lhs) (local.get $rhs)))
    (func $sum (param $at i32) (param $left i32) (result i32) (local $a i32) (local $b i32) (local $length i32) (local $name i32)
      (block $done (loop $next
        (br_if $done (i32.eqz (local.get $left)))
        (local.set $length (i32.load (local.get $at)))
        (local.set $name (i32.load8_u offset=4 (local.get $at)))
        (local.set $at (i32.add (i32.add (local.get $at) (i32.const 4)) (local.get $length)))
        (if (i32.eq (local.get $length) (i32.const 1)) (then
          (if (i32.eq (local.get $name) (i32.const 97))
            (then (local.set $a (i32.sub (i32.load8_u offset=4 (local.get $at)) (i32.const 48))))
            (else (local.set $b (i32.sub (i32.load8_u offset=4 (local.get $at)) (i32.const 48)))))))
        (local.set $at (i32.add (i32.add (local.get $at) (i32.const 4)) (i32.load (local.get $at))))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
      (call $add (local.get $a) (local.get $b)))`,
  handle: `(i32.store8 (i32.const ${1024 + answer.length - 1})
      (i32.add (i32.const 48) (call $sum (i32.add (local.get 0) (i32.const 8)) (i32.load offset=4 (local.get 0)))))
    ${span("(i32.const 1024)", `(i32.const ${answer.length})`)}`,
});
const digit = (name: string) => ({
  name,
  in: "query",
  required: true,
  schema: { type: "integer", minimum: 0, maximum: 4 },
});
const addition = {
  openapi: "3.1.0",
  paths: { "/add": { get: { operationId: "add", parameters: [digit("a"), digit("b")] } } },
};

const offers = [{ kind: "http", openapi: addition }];
/** Both, as packages: `printed` and `adder`. */
export const printedPackage = watPackage("printed", printed, { offers });
export const adderPackage = watPackage("adder", exported, { offers });

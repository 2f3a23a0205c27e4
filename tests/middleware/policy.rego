# Compiled into policy.wasm: opa build -t wasm -e http/allow policy.rego
package http

# What the tests ask of the middleware.
default allow = false

allow = true if {
	input.request.method == "GET"
	input.request.path_parts[0] == "v1.0"
	input.request.path_parts[1] == "invoke"
	not special
}

special if "x-case" in {lower(name) | some name, _ in input.request.headers}

allow = {"allow": true, "additional_headers": {"x-policy": sprintf("%s %s", [input.request.headers["X-Case"], input.request.query.q[0]])}} if {
	input.request.headers["X-Case"] == "headers"
}

allow = {"allow": false, "status_code": 418, "additional_headers": {"x-policy": "refused"}} if {
	input.request.headers["X-Case"] == "status"
}

allow = {"allow": input.request.body == "let me in"} if {
	input.request.headers["X-Case"] == "body"
}

allow = 7 if input.request.headers["X-Case"] == "number"

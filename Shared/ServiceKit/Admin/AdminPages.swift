/// What the admin port answers.
struct AdminPages: Sendable {
  let readiness: Readiness
  let metrics: MetricsRegistry
  let introspection: IntrospectionService

  func page(_ path: String) -> HTTPResponse {
    switch path {
    // Alive: the process answers. A restart would help nothing that /readyz complains of.
    case "/healthz": return HTTPResponse(200, "ok\n")
    case "/readyz": return ready()
    case "/metrics":
      return HTTPResponse(
        200, metrics.text, contentType: "text/plain; version=0.0.4; charset=utf-8")
    case "/introspect": return introspect()
    default:
      return HTTPResponse(404, "there are /healthz, /readyz, /metrics and /introspect\n")
    }
  }

  private func introspect() -> HTTPResponse {
    guard let json = introspection.json() else {
      return HTTPResponse(503, "this program answers no calls, or its loops are stuck\n")
    }
    return HTTPResponse(200, json + "\n", contentType: "application/json")
  }

  private func ready() -> HTTPResponse {
    let state = readiness.snapshot
    var text = state.isReady ? "ready\n" : "not ready\n"
    for part in state.parts {
      text += "\(part.isReady ? "+" : "-") \(part.name)"
      text += part.reason.isEmpty ? "\n" : ": \(part.reason)\n"
    }
    return HTTPResponse(state.isReady ? 200 : 503, text)
  }
}

extension ServerContext {
  /// A context that belongs to no connection, for tests that call a handler or an interceptor
  /// directly.
  ///
  /// - Parameters:
  ///   - principal: a serialized SignedPrincipal.
  ///   - presented: the same, for calls that share it, instead of `principal`.
  ///   - attachment: what an interceptor would have set.
  public static func detached(
    method: MethodDescriptor = MethodDescriptor(name: "assay.test.Test.Test"),
    metadata: Metadata = Metadata(), principal: [UInt8] = [],
    presented: PresentedPrincipal? = nil, credential: String = "",
    trace: TraceContext = .random(), attachment: (any Sendable)? = nil
  ) -> ServerContext {
    let loop = EventLoop(wake: {})
    return ServerContext(
      call: nil, route: Router.Route(method, .task { _, _ in }), metadata: metadata,
      principal: presented ?? PresentedPrincipal(principal), credential: credential,
      trace: trace, peer: PeerAddress("test"), loop: loop, attachment: attachment,
      deadline: .max, startTime: loop.now)
  }
}

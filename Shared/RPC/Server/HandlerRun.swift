/// One call, and what answers it.
struct HandlerRun: Sendable {
  let call: Call
  var context: ServerContext

  var route: Router.Route { context.route }

  /// Runs the handler in a task. What a deferred handler leaves open, its answer ends.
  nonisolated(nonsending) func callAsFunction(_ tasks: HandlerTasks) async {
    let interceptor = tasks.interceptor
    var run = self
    do {
      try interceptor.authorizeAtOnce?(&run.context)
      try await interceptor.authorize?(&run.context)
      switch route.handler {
      case .task(let handler):
        try await handler(call, run.context)
        run.completed(.ok, interceptor)
      case .deferred(let handler): try await run.startWhenReady(handler, tasks)
      }
    } catch {
      run.fail(error, interceptor)
    }
  }

  // MARK: Deferred answers

  /// Runs a deferred handler where the call arrived, on the loop.
  ///
  /// - Returns: false if something has to be waited for first, which takes a task.
  func startAtOnce(_ tasks: HandlerTasks) -> Bool {
    let interceptor = tasks.interceptor
    guard case .deferred(let handler) = route.handler, interceptor.authorize == nil,
      let request = call.takeIfReady()
    else { return false }
    var run = self
    do {
      try interceptor.authorizeAtOnce?(&run.context)
      run.start(handler, try Router.message(request.get(), of: call), tasks)
    } catch {
      run.fail(error, interceptor)
    }
    return true
  }

  /// Waits for the request, and hands it to a deferred handler.
  private nonisolated(nonsending) func startWhenReady(
    _ handler: Router.DeferredHandler, _ tasks: HandlerTasks
  ) async throws {
    let request = try await Router.single(call)
    // The task goes on to other calls, which must not be cancelled with this one.
    call.loop.assertCurrent()
    call.task = nil
    start(handler, request, tasks)
  }

  private func start(
    _ handler: Router.DeferredHandler, _ request: [UInt8], _ tasks: HandlerTasks
  ) {
    handler(request, context, CallAnswer(self, tasks))
  }

  /// Ends the call with what its handler has answered. On the loop.
  func end(_ result: Result<[UInt8], any Error>, _ tasks: HandlerTasks) {
    let interceptor = tasks.interceptor
    guard !call.isOver else { return endMoot(result, interceptor) }
    switch result {
    case .success(let message):
      call.respond(message)
      completed(.ok, interceptor)
    case .failure(let error): fail(error, interceptor)
    }
  }

  /// The answer comes to a call that is over: it ended as the caller, its deadline or its
  /// connection ended it, whatever the handler says.
  private func endMoot(_ result: Result<[UInt8], any Error>, _ interceptor: ServerInterceptor) {
    // What went wrong inside is for the log all the same; to drop a moot answer is no defect.
    if case .failure(let error) = result, !(error is UnansweredError) {
      _ = failure(of: error, interceptor)
    }
    completed(call.failure?.code ?? .cancelled, interceptor)
  }

  // MARK: The end

  private func fail(_ error: any Error, _ interceptor: ServerInterceptor) {
    let failure = failure(of: error, interceptor)
    call.finish(failure)
    completed(failure.code, interceptor)
  }

  private func completed(_ code: StatusCode, _ interceptor: ServerInterceptor) {
    interceptor.completed?(context, code, spentNanoseconds)
  }

  private var spentNanoseconds: UInt64 {
    call.loop.time() - min(call.startTime, context.startTime)
  }

  /// A deadline that passed further down: our part of the time stands before theirs.
  private func withOurTime(_ error: RPCError) -> RPCError {
    var error = error
    let hop = "\(call.connection.name) \(context.method.name)"
    error.details.hops.insert(
      HopTime(hop: hop, spentMicroseconds: spentNanoseconds / 1_000), at: 0)
    return error
  }

  private func failure(of error: any Error, _ interceptor: ServerInterceptor) -> RPCError {
    if let error = error as? RPCError {
      // Only the runtime's own deadlines say where the time went.
      return error.details.hops.isEmpty ? error : withOurTime(error)
    }
    if error is CancellationError { return .cancelled }
    // What went wrong inside is for the log, not for the caller.
    return interceptor.mapError?(error, context)
      ?? RPCError(.internal, "\(context.method.name): internal error")
  }
}

/// The tasks that run one loop's handlers, each one call after another: a task made for each call
/// would cost more than all else that a small call needs.
///
/// A task that was cancelled with its call stays cancelled; it ends, and another takes its place.
///
/// `@unchecked Sendable`: confined to the loop, which is also the executor of its tasks.
final class HandlerTasks: @unchecked Sendable {
  /// Tasks that wait for a call; one that would be more ends.
  private static let maximumIdle = 256

  /// One task and the call it is to run next.
  ///
  /// `@unchecked Sendable`: as its owner.
  private final class Worker: @unchecked Sendable {
    var task: Task<Void, Never>?
    var next: HandlerRun?
    var waiting: UnsafeContinuation<Void, Never>?
  }

  private let loop: EventLoop
  private let interceptor: ServerInterceptor
  private var idle: [Worker] = []
  private var isEnding = false

  init(_ loop: EventLoop, _ interceptor: ServerInterceptor) {
    self.loop = loop
    self.interceptor = interceptor
  }

  /// Runs a call's handler, soon, and makes its task the call's.
  func start(_ run: HandlerRun) {
    loop.assertCurrent()
    guard let worker = idle.popLast() else { return startWorker(run) }
    worker.next = run
    run.call.task = worker.task
    let waiting = worker.waiting
    worker.waiting = nil
    waiting?.resume()
  }

  private func startWorker(_ run: HandlerRun) {
    let worker = Worker()
    worker.next = run
    worker.task = Task(executorPreference: loop) {
      while let run = worker.next {
        worker.next = nil
        await run(self.interceptor)
        guard !Task.isCancelled, self.canWait else { return }
        await withUnsafeContinuation { continuation in
          worker.waiting = continuation
          self.idle.append(worker)
        }
      }
    }
    run.call.task = worker.task
  }

  private var canWait: Bool { !isEnding && idle.count < HandlerTasks.maximumIdle }

  /// Ends the tasks that wait, and the others once their calls are over; from any thread.
  func end() {
    loop.execute {
      self.isEnding = true
      let current = self.idle
      self.idle = []
      for worker in current {
        worker.waiting?.resume()
        worker.waiting = nil
      }
    }
  }
}

/// One call, and what answers it.
struct HandlerRun: Sendable {
  let call: Call
  let context: ServerContext
  let route: Router.Route

  nonisolated(nonsending) func callAsFunction(_ interceptor: ServerInterceptor) async {
    var context = context
    var code = StatusCode.ok
    do {
      try await interceptor.authorize?(&context)
      try await route.handler(call, context)
    } catch {
      let failure = failure(of: error, context, interceptor)
      code = failure.code
      call.finish(failure)
    }
    interceptor.completed?(
      context, code, call.loop.time() - min(call.startTime, context.startTime))
  }

  /// A deadline that passed further down: our part of the time stands before theirs.
  private func withOurTime(_ error: RPCError, _ context: ServerContext) -> RPCError {
    var error = error
    let spent = call.loop.time() - min(call.startTime, context.startTime)
    let hop = "\(call.connection.name) \(context.method.name)"
    error.details.hops.insert(HopTime(hop: hop, spentMicroseconds: spent / 1_000), at: 0)
    return error
  }

  private func failure(
    of error: any Error, _ context: ServerContext, _ interceptor: ServerInterceptor
  ) -> RPCError {
    if let error = error as? RPCError {
      // Only the runtime's own deadlines say where the time went.
      return error.details.hops.isEmpty ? error : withOurTime(error, context)
    }
    if error is CancellationError { return .cancelled }
    // What went wrong inside is for the log, not for the caller.
    return interceptor.mapError?(error, context)
      ?? RPCError(.internal, "\(context.method.name): internal error")
  }
}

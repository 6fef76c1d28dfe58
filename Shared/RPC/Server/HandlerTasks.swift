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
  let interceptor: ServerInterceptor
  /// What the calls of this server and loop bring along to say who makes them.
  let principals = PrincipalTable()
  private var idle: [Worker] = []
  private var isEnding = false

  init(_ loop: EventLoop, _ interceptor: ServerInterceptor) {
    self.loop = loop
    self.interceptor = interceptor
  }

  /// Runs a call's handler: at once, if it needs no task, else soon, and makes its task the call's.
  func start(_ run: HandlerRun) {
    loop.assertCurrent()
    if run.startAtOnce(self) { return }
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
        await run(self)
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

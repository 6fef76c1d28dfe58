import API
import Synchronization

/// The jobs of a worker: those that run, and the results that the service has not confirmed yet.
///
/// They outlive the stream that they came by: a worker that lost its connection goes on scoring and
/// delivers over the next one.
final class WorkerJobs: Sendable {
  private struct State {
    var running: [String: Task<Void, Never>] = [:]
    var finished: [String: EvaluationWorkerMessage] = [:]
    var sent: Set<String> = []
    var leaseMilliseconds: Int64 = 30_000
    var isDraining = false
    var isConnected = false
    var wake: AsyncStream<Void>.Continuation?
  }

  private let state = Mutex(State())

  /// Leases that are being worked on or whose result is not confirmed.
  var leases: [String] {
    state.withLock { Array($0.running.keys) + Array($0.finished.keys) }
  }

  /// How often a sign of life is due: three times within a lease.
  var heartbeatMilliseconds: Int64 { state.withLock { max(50, $0.leaseMilliseconds / 3) } }

  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// Whether the service has answered on the present stream.
  var isConnected: Bool { state.withLock { $0.isConnected } }

  func setConnected(_ isConnected: Bool) {
    state.withLock { $0.isConnected = isConnected }
  }

  /// Told to stop, and nothing is left to do or to deliver.
  var isDrained: Bool {
    state.withLock { $0.isDraining && $0.running.isEmpty && $0.finished.isEmpty }
  }

  /// A new stream: everything unconfirmed is to be sent over it. Yields whenever there is something
  /// to send or the draining goes on.
  func beginSession() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    state.withLock { state in
      state.sent = []
      state.wake?.finish()
      state.wake = continuation
    }
    continuation.yield()
    return stream
  }

  /// Starts a job unless it runs already.
  func start(
    _ job: EvaluationWorkerCommand.Job,
    _ body: @escaping @Sendable () async -> EvaluationWorkerMessage?
  ) {
    state.withLock { state in
      if job.leaseMilliseconds > 0 { state.leaseMilliseconds = job.leaseMilliseconds }
      guard state.running[job.leaseId] == nil, state.finished[job.leaseId] == nil else { return }
      state.running[job.leaseId] = Task {
        let message = await body()
        self.finish(job.leaseId, message)
      }
    }
  }

  private func finish(_ leaseID: String, _ message: EvaluationWorkerMessage?) {
    let wake = state.withLock { state in
      // A lease that was lost meanwhile has nobody waiting for its result.
      if state.running.removeValue(forKey: leaseID) != nil, let message {
        state.finished[leaseID] = message
      }
      return state.wake
    }
    wake?.yield()
  }

  /// The results to send over the present stream, each one once.
  func takeUnsent() -> [EvaluationWorkerMessage] {
    state.withLock { state in
      let unsent = state.finished.filter { !state.sent.contains($0.key) }
      state.sent.formUnion(unsent.keys)
      return Array(unsent.values)
    }
  }

  /// The service has taken a result, or the lease is no longer ours: nothing more to do for it.
  func settle(_ leaseID: String) {
    let (task, wake) = state.withLock { state in
      state.finished[leaseID] = nil
      state.sent.remove(leaseID)
      return (state.running.removeValue(forKey: leaseID), state.wake)
    }
    task?.cancel()
    wake?.yield()
  }

  /// Takes no further job.
  func drain() {
    let wake = state.withLock { state in
      state.isDraining = true
      return state.wake
    }
    wake?.yield()
  }

  /// Gives up what still runs.
  func cancelAll() {
    let running = state.withLock { state in
      defer { state.running = [:] }
      return Array(state.running.values)
    }
    for task in running { task.cancel() }
  }
}

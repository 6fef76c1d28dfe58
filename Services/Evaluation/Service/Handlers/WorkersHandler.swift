import API
import Crypto
import EvaluationDomain
import RPC
import ServiceKit
import Storage

/// Serves workers: gives them jobs as they have room, takes their results, lets them fetch what a
/// job needs.
struct WorkersHandler: EvaluationWorkersService {
  /// The name that workers' principals carry.
  static let workerPrincipal = "worker"
  /// Jobs that one worker may have at once.
  static let maximumCapacity = 64
  /// Hashes of cached datasets that a worker may name.
  static let maximumCachedDatasets = 10_000

  private static let stopping = RPCError.unavailable("the service stops; come back in a moment")

  let database: Database
  let blobs: BlobStore
  let queue: ScoringQueue
  let sessions: WorkerSessions
  let log: Logger

  func work(
    _ requests: MessageReader<EvaluationWorkerMessage>,
    responses: MessageWriter<EvaluationWorkerCommand>, context: ServerContext
  ) async throws {
    try context.requireService(Self.workerPrincipal)
    guard !queue.changes.isFinished else { throw Self.stopping }
    let hello = try await hello(requests)
    let session = sessions.begin(worker: hello.worker)
    log.info(
      "worker connected",
      ["worker": .text(hello.worker), "capacity": .integer(Int64(hello.capacity))])
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await serve(hello, requests, responses))
    } catch {
      outcome = .failure(error)
    }
    await leave(hello.worker, session)
    try outcome.get()
  }

  private func hello(
    _ requests: MessageReader<EvaluationWorkerMessage>
  ) async throws -> EvaluationWorkerMessage.Hello {
    guard case .hello(let hello)? = try await requests.next()?.kind else {
      throw RPCError.invalidArgument("the first message of a worker must be hello")
    }
    guard !hello.worker.isEmpty else {
      throw RPCError.invalidField("hello.worker", "is empty; expected a name of this process")
    }
    try TextLimit.check("hello.worker", hello.worker, atMost: TextLimit.name)
    guard (1...Self.maximumCapacity).contains(Int(hello.capacity)) else {
      throw RPCError.invalidField(
        "hello.capacity", "is \(hello.capacity); expected 1 to \(Self.maximumCapacity)")
    }
    guard hello.cachedSha256.count <= Self.maximumCachedDatasets else {
      throw RPCError.invalidField(
        "hello.cached_sha256", "has more than \(Self.maximumCachedDatasets) entries")
    }
    return hello
  }

  /// Hands jobs out and takes messages in, until either side ends.
  private func serve(
    _ hello: EvaluationWorkerMessage.Hello, _ requests: MessageReader<EvaluationWorkerMessage>,
    _ responses: MessageWriter<EvaluationWorkerCommand>
  ) async throws {
    let drain = DrainSwitch()
    try await responses.send(EvaluationWorkerCommand(kind: .welcome(.init())))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await handOut(hello, responses, until: drain) }
      group.addTask {
        while let message = try await requests.next() {
          try await take(message, responses, drain)
        }
      }
      // Whichever ends first, well or not, ends the stream.
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func handOut(
    _ hello: EvaluationWorkerMessage.Hello, _ responses: MessageWriter<EvaluationWorkerCommand>,
    until drain: DrainSwitch
  ) async throws {
    var held = Set(hello.cachedSha256)
    for await _ in queue.changes.changes(of: .jobs) {
      while !drain.isOn,
        let job = try await queue.leaseNext(
          worker: hello.worker, capacity: Int(hello.capacity), held: held)
      {
        held.insert(job.datasetSha256)
        try await responses.send(EvaluationWorkerCommand(kind: .job(job)))
      }
    }
    try Task.checkCancellation()
    throw Self.stopping
  }

  private func take(
    _ message: EvaluationWorkerMessage, _ responses: MessageWriter<EvaluationWorkerCommand>,
    _ drain: DrainSwitch
  ) async throws {
    switch message.kind {
    case .heartbeat(let heartbeat):
      for lost in try await queue.heartbeat(heartbeat.leaseIds) {
        try await acknowledge(lost.leaseID, lost.reason, responses)
      }
    case .result(let result):
      try await settle(result.leaseId, responses) { try await queue.complete(result) }
    case .failure(let failure):
      try await settle(failure.leaseId, responses) { try await queue.fail(failure) }
    case .drain:
      drain.turnOn()
    case .hello:
      throw RPCError.invalidArgument("hello is sent first and once")
    case nil:
      // A kind of message from a newer worker: nothing here depends on it.
      break
    }
  }

  private func settle(
    _ leaseID: String, _ responses: MessageWriter<EvaluationWorkerCommand>,
    _ body: () async throws -> Void
  ) async throws {
    do {
      try await body()
      try await acknowledge(leaseID, nil, responses)
    } catch let refusal as LeaseRefusal {
      log.warning(
        "result refused", ["lease": .text(leaseID), "reason": .text(refusal.description)])
      try await acknowledge(leaseID, refusal, responses)
    }
  }

  private func acknowledge(
    _ leaseID: String, _ refusal: LeaseRefusal?,
    _ responses: MessageWriter<EvaluationWorkerCommand>
  ) async throws {
    let answer = EvaluationWorkerCommand.Acknowledge(
      leaseId: leaseID, accepted: refusal == nil, reason: refusal?.description ?? "")
    try await responses.send(EvaluationWorkerCommand(kind: .acknowledge(answer)))
  }

  /// The stream has ended: what the worker still held goes to another one after the grace.
  private func leave(_ worker: String, _ session: Int) async {
    guard sessions.end(worker: worker, session: session) else { return }
    log.info("worker disconnected", ["worker": .text(worker)])
    // Not in the call's own task, which is cancelled when the connection broke.
    await Task {
      do {
        try await queue.streamBroke(worker: worker)
      } catch {
        log.warning(
          "leases run to their end", ["worker": .text(worker), "reason": .text("\(error)")])
      }
    }.value
  }

  func fetchBlob(
    _ request: EvaluationFetchBlobRequest, responses: MessageWriter<EvaluationFetchBlobResponse>,
    context: ServerContext
  ) async throws {
    try context.requireService(Self.workerPrincipal)
    let now = queue.clock.now()
    let allowed = try await database.read { db in
      try EvaluationTable.blobs(db, leaseID: request.leaseId, now: now)
    }
    guard let digest = Digest(hex: request.sha256), allowed.contains(digest) else {
      throw RPCError.notFound("blob of a live lease", request.sha256)
    }
    let reader = try await blobs.open(digest)
    do {
      while let chunk = try await reader.next() {
        try await responses.send(EvaluationFetchBlobResponse(chunk: chunk))
      }
      await reader.close()
    } catch {
      await reader.close()
      throw error
    }
  }
}

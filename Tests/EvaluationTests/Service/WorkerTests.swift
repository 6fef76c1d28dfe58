import API
import Crypto
import Foundation
import RPC
import ServiceKit
import Storage
import Testing

@testable import EvaluationService

extension Installation {
  /// A real worker in this process.
  func makeWorker(
    _ name: String, capacity: Int = 1, delayMilliseconds: Int = 0
  ) async throws -> Worker {
    let client = EvaluationWorkersClient(channel)
    let principal: @Sendable () throws -> [UInt8] = { [self] in
      signer("worker").servicePrincipal(now: clock.clock.now())
    }
    let cache = try await BlobCache(
      store: BlobStore(directory: "\(folder)/cache-\(name)"), maximumBytes: 1 << 20)
    return Worker(
      name: name, capacity: capacity, client: client, principal: principal, cache: cache,
      scoring: JobScoring(
        client: client, principal: principal, cache: cache,
        truths: DecodedTruths(maximumBytes: 1 << 20), delayMilliseconds: delayMilliseconds,
        metrics: WorkerMetrics(MetricsRegistry()), log: .silent),
      jobs: WorkerJobs(), backOff: .init(minimumMilliseconds: 5, maximumMilliseconds: 50),
      log: .silent, onConnection: { _ in })
  }

  /// The submission once it is scored or failed.
  func finished(_ id: String, as person: Person) async throws -> EvaluationSubmission {
    try await EvaluationSubmissionsClient(channel).watchSubmission(
      EvaluationWatchSubmissionRequest(id: id), options: options(person)
    ) { reader in
      var last = EvaluationSubmission()
      while let next = try await reader.next() { last = next }
      return last
    }
  }
}

@Suite("Service: a worker scores")
struct WorkerTests {
  @Test(
    "Primary and further metrics come back, and the board ranks them; caches keep the truth only")
  func scores() async throws {
    try await withInstallation { it in
      let dataset = try await it.publish()
      let worker = try await it.makeWorker("w1", capacity: 2)
      let running = Task { await worker.run() }
      let half = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      let perfect = try #require(
        try await it.submit(Installation.perfect, as: .borealis).submission?.id)
      let scored = try await it.finished(half, as: .aurora)
      #expect(scored.state == .scored)
      #expect(scored.primary?.metric == "accuracy")
      #expect(scored.primary?.value == 0.5)
      #expect(scored.further.contains { $0.metric == "f1" && $0.value != nil })
      #expect(!scored.further.contains { $0.metric == "accuracy" || $0.metric == "log_loss" })
      #expect(try await it.finished(perfect, as: .borealis).primary?.value == 1)
      let board = try await it.board(as: .aurora)
      #expect(board.entries.map(\.participantName) == ["Borealis AI", "Aurora Labs"])
      #expect(board.entries.map(\.rank) == [1, 2])
      #expect(board.direction == "higher")
      worker.jobs.drain()
      await running.value
      #expect(await worker.cache.digests.map(\.hex) == [dataset.sha256])
    }
  }

  @Test("A metric without a value is shown with its reason and not ranked")
  func undefined() async throws {
    try await withInstallation { it in
      let dataset = try await it.ingest("id,target\na,1\n", task: .tabularRegression)
      try await it.sync(dataset.id, metric: "r2") { $0.task = .tabularRegression }
      let worker = try await it.makeWorker("w1")
      let running = Task { await worker.run() }
      let id = try #require(
        try await it.submit("id,prediction\na,2\n", as: .aurora).submission?.id)
      let scored = try await it.finished(id, as: .aurora)
      #expect(scored.state == .scored)
      #expect(scored.primary?.value == nil)
      #expect(scored.primary?.undefinedReason.hasPrefix("tooFewSamples") == true)
      #expect(try await it.board().entries.map(\.rank) == [0])
      running.cancel()
      await running.value
    }
  }

  @Test("A drained worker finishes and delivers the job that it has, then ends")
  func drain() async throws {
    try await withInstallation { it in
      try await it.publish { $0.limits = CatalogSubmissionLimits(concurrent: 5) }
      let worker = try await it.makeWorker("w1", delayMilliseconds: 100)
      let running = Task { await worker.run() }
      let id = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      while worker.jobs.leases.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
      worker.jobs.drain()
      _ = try await it.submit(Installation.half, as: .aurora)
      await running.value
      #expect(try await it.submission(id, as: .aurora).state == .scored)
      let depth = try await it.database.read { try EvaluationTable.depth($0) }
      #expect(depth.waiting == 1)
    }
  }

  @Test("A worker that dies in the middle of a job costs nothing: another one finishes it")
  func dies() async throws {
    try await withInstallation { it in
      try await it.publish()
      let victim = try await it.makeWorker("victim", delayMilliseconds: 60_000)
      let dying = Task { await victim.run() }
      let id = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      while victim.jobs.leases.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
      dying.cancel()
      await dying.value
      try await it.untilALeaseEnds(by: Installation.noon + 2_000)
      it.clock.advance(milliseconds: 2_000)
      let heir = try await it.makeWorker("heir")
      let running = Task { await heir.run() }
      try await it.server.queue.expireLeases()
      let scored = try await it.finished(id, as: .aurora)
      #expect(scored.state == .scored)
      #expect(scored.attempt == 2)
      running.cancel()
      await running.value
    }
  }
}

@Suite("Service: a worker's cache")
struct BlobCacheTests {
  func withCache(
    maximumBytes: Int64, _ body: (BlobStore, BlobCache) async throws -> Void
  ) async throws {
    let folder = NSTemporaryDirectory() + "cache-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = try BlobStore(directory: folder)
    try await body(store, try await BlobCache(store: store, maximumBytes: maximumBytes))
  }

  func use(_ cache: BlobCache, _ text: String, sent: String? = nil) async throws {
    let bytes = Array((sent ?? text).utf8)
    try await cache.with(
      SHA256.hash(text), fetch: { try await $0.append(bytes) }, body: { _, _ in })
  }

  @Test("What comes over with another hash is refused and not kept")
  func wrongContent() async throws {
    try await withCache(maximumBytes: 100) { store, cache in
      await #expect(throws: StorageError.blobCorrupt(SHA256.hash("good"))) {
        try await use(cache, "good", sent: "evil")
      }
      let stored = try await store.list()
      #expect(stored.isEmpty)
    }
  }

  @Test("The least recently used goes when the bound is reached")
  func eviction() async throws {
    try await withCache(maximumBytes: 10) { _, cache in
      try await use(cache, "aaaa")
      try await use(cache, "bbbb")
      try await use(cache, "aaaa")
      try await use(cache, "cccc")
      #expect(Set(await cache.digests) == [SHA256.hash("aaaa"), SHA256.hash("cccc")])
    }
  }

  @Test("A content damaged on disk is noticed at its first use and fetched anew")
  func damaged() async throws {
    try await withCache(maximumBytes: 100) { store, cache in
      try await use(cache, "aaaa")
      let path = store.path(of: SHA256.hash("aaaa"))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      try Data("aaab".utf8).write(to: URL(fileURLWithPath: path))
      let reopened = try await BlobCache(store: store, maximumBytes: 100)
      try await use(reopened, "aaaa")
      try await store.verify(SHA256.hash("aaaa"))
    }
  }
}

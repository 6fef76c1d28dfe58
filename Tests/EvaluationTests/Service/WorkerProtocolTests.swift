import API
import EvaluationDomain
import Identity
import RPC
import Testing

@testable import EvaluationService

/// One worker's stream, spoken by hand.
struct HandWorker {
  let writer: MessageWriter<EvaluationWorkerMessage>
  let reader: MessageReader<EvaluationWorkerCommand>

  /// Says hello and waits for the welcome.
  func hello(_ name: String, capacity: Int32 = 1, cached: [String] = []) async throws {
    try await writer.send(
      EvaluationWorkerMessage(
        kind: .hello(.init(worker: name, capacity: capacity, cachedSha256: cached))))
    guard case .welcome? = try await reader.next()?.kind else {
      throw RPCError(.unknown, "expected a welcome")
    }
  }

  func job() async throws -> EvaluationWorkerCommand.Job {
    guard case .job(let job)? = try await reader.next()?.kind else {
      throw RPCError(.unknown, "expected a job")
    }
    return job
  }

  /// Sends a result and gives the answer.
  func deliver(
    _ job: EvaluationWorkerCommand.Job, value: Double, token: Int64? = nil
  ) async throws -> EvaluationWorkerCommand.Acknowledge {
    try await writer.send(
      EvaluationWorkerMessage(
        kind: .result(
          .init(
            leaseId: job.leaseId, fencingToken: token ?? job.fencingToken,
            primary: EvaluationScore(metric: "accuracy", value: value)))))
    return try await acknowledge()
  }

  func fail(
    _ job: EvaluationWorkerCommand.Job, _ reason: String, retryable: Bool
  ) async throws -> EvaluationWorkerCommand.Acknowledge {
    try await writer.send(
      EvaluationWorkerMessage(
        kind: .failure(
          .init(
            leaseId: job.leaseId, fencingToken: job.fencingToken, reason: reason,
            retryable: retryable))))
    return try await acknowledge()
  }

  /// Takes no further job; returns when the service has heard it.
  func drain() async throws {
    try await writer.send(EvaluationWorkerMessage(kind: .drain(.init())))
    try await writer.send(
      EvaluationWorkerMessage(kind: .heartbeat(.init(leaseIds: ["lea_none"]))))
    _ = try await acknowledge()
  }

  func acknowledge() async throws -> EvaluationWorkerCommand.Acknowledge {
    guard case .acknowledge(let answer)? = try await reader.next()?.kind else {
      throw RPCError(.unknown, "expected an acknowledgement")
    }
    return answer
  }
}

extension Installation {
  /// Opens a worker's stream for as long as `body` runs.
  func worker<R: Sendable>(
    _ name: String, capacity: Int32 = 1, cached: [String] = [],
    _ body: (HandWorker) async throws -> R
  ) async throws -> R {
    try await EvaluationWorkersClient(channel).work(options: service("worker")) { writer, reader in
      let worker = HandWorker(writer: writer, reader: reader)
      try await worker.hello(name, capacity: capacity, cached: cached)
      return try await body(worker)
    }
  }

  /// Waits until the service has noticed a broken stream: a lease ends by `time`.
  func untilALeaseEnds(by time: Int64) async throws {
    for _ in 0..<2_000 {
      let live = try await database.read { db in
        try EvaluationTable.running(db, expiredAt: time).count
      }
      if live > 0 { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("the broken stream was not noticed")
  }
}

@Suite("Service: the workers' stream")
struct WorkerProtocolTests {
  @Test("A result is committed and ranked, to the last bit; the same again changes nothing")
  func result() async throws {
    try await withInstallation { it in
      try await it.publish()
      let id = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      let odd = 0.1 + 0.2
      try await it.worker("w1") { worker in
        let job = try await worker.job()
        #expect(job.submissionId == id)
        #expect(try await it.submission(id, as: .aurora).state == .running)
        #expect(try await worker.deliver(job, value: odd).accepted)
        #expect(try await worker.deliver(job, value: 0.9).accepted)
      }
      let scored = try await it.submission(id, as: .aurora)
      #expect(scored.state == .scored)
      #expect(scored.primary?.value?.bitPattern == odd.bitPattern)
      #expect(scored.scoreTime?.unixMilliseconds == Installation.noon)
      let entry = try #require(try await it.board().entries.first)
      #expect(entry.rank == 1)
      #expect(entry.score?.bitPattern == odd.bitPattern)
    }
  }

  @Test("A value that is not finite is stored as none and not ranked")
  func notFinite() async throws {
    try await withInstallation { it in
      try await it.publish()
      _ = try await it.submit(Installation.half, as: .aurora)
      try await it.worker("w1") { worker in
        let job = try await worker.job()
        #expect(try await worker.deliver(job, value: .nan).accepted)
      }
      let entry = try #require(try await it.board().entries.first)
      #expect(entry.rank == 0)
      #expect(entry.score == nil)
      #expect(entry.undefinedReason == "the value is not a finite number")
    }
  }

  @Test("A late result of an expired lease is refused; the next worker's counts")
  func fencing() async throws {
    try await withInstallation { it in
      try await it.publish()
      let id = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      try await it.worker("slow") { slow in
        let first = try await slow.job()
        it.clock.advance(milliseconds: 30_000)
        let late = try await slow.deliver(first, value: 0.1)
        #expect(!late.accepted)
        #expect(late.reason.contains("expired"))
        try await it.worker("quick") { quick in
          try await slow.drain()
          #expect(try await it.server.queue.expireLeases() == 1)
          let second = try await quick.job()
          #expect(second.fencingToken > first.fencingToken)
          #expect(!(try await slow.deliver(first, value: 0.2).accepted))
          #expect(!(try await quick.deliver(second, value: 0.3, token: 1).accepted))
          #expect(try await quick.deliver(second, value: 0.75).accepted)
        }
      }
      let scored = try await it.submission(id, as: .aurora)
      #expect(scored.primary?.value == 0.75)
      #expect(scored.attempt == 2)
    }
  }

  @Test("A worker that heartbeats keeps its job; one that does not is told that it lost it")
  func heartbeat() async throws {
    try await withInstallation { it in
      try await it.publish()
      _ = try await it.submit(Installation.half, as: .aurora)
      try await it.worker("w1") { worker in
        let job = try await worker.job()
        it.clock.advance(milliseconds: 20_000)
        try await worker.writer.send(
          EvaluationWorkerMessage(kind: .heartbeat(.init(leaseIds: [job.leaseId, "lea_none"]))))
        // Of the two leases only the unknown one is answered.
        #expect(try await worker.acknowledge().leaseId == "lea_none")
        it.clock.advance(milliseconds: 20_000)
        #expect(try await it.server.queue.expireLeases() == 0)
        #expect(try await worker.deliver(job, value: 1).accepted)
      }
    }
  }

  @Test("When a worker's stream breaks, its job goes to another after the grace")
  func brokenStream() async throws {
    try await withInstallation { it in
      try await it.publish()
      _ = try await it.submit(Installation.half, as: .aurora)
      try await it.worker("lost") { _ = try await $0.job() }
      try await it.untilALeaseEnds(by: Installation.noon + 2_000)
      it.clock.advance(milliseconds: 2_000)
      #expect(try await it.server.queue.expireLeases() == 1)
      try await it.worker("other") { worker in
        let job = try await worker.job()
        #expect(try await worker.deliver(job, value: 1).accepted)
      }
    }
  }

  @Test("A worker that comes back within the grace delivers over its new stream")
  func reconnect() async throws {
    try await withInstallation { it in
      try await it.publish()
      _ = try await it.submit(Installation.half, as: .aurora)
      let job = try await it.worker("same") { try await $0.job() }
      try await it.untilALeaseEnds(by: Installation.noon + 2_000)
      it.clock.advance(milliseconds: 1_000)
      try await it.worker("same") { worker in
        try await worker.writer.send(
          EvaluationWorkerMessage(kind: .heartbeat(.init(leaseIds: [job.leaseId]))))
        #expect(try await worker.deliver(job, value: 1).accepted)
      }
    }
  }

  @Test("After three lost workers the submission fails with a reason, and its slot is given back")
  func attemptsExhausted() async throws {
    try await withInstallation { it in
      try await it.publish { $0.limits = CatalogSubmissionLimits(perDay: 1) }
      let id = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      try await it.worker("w1") { worker in
        for _ in 1...3 {
          _ = try await worker.job()
          it.clock.advance(milliseconds: 30_000)
          #expect(try await it.server.queue.expireLeases() == 1)
        }
      }
      let failed = try await it.submission(id, as: .aurora)
      #expect(failed.state == .failed)
      #expect(failed.stateReason.contains("3 attempts"))
      let again = try await it.submit(Installation.half, as: .aurora)
      #expect(again.allowance?.leftToday == 0)
    }
  }

  @Test(
    "A metric's error fails the submission in the metric's words; a passing fault is tried again")
  func failures() async throws {
    try await withInstallation { it in
      try await it.publish()
      let id = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      try await it.worker("w1") { worker in
        let first = try await worker.job()
        #expect(try await worker.fail(first, "disk full", retryable: true).accepted)
        let second = try await worker.job()
        #expect(second.submissionId == id)
        #expect(try await worker.fail(second, "requiresBinary: three", retryable: false).accepted)
      }
      let failed = try await it.submission(id, as: .aurora)
      #expect(failed.state == .failed)
      #expect(failed.stateReason.hasPrefix("requiresBinary: three"))
      #expect(try await it.board().entries.first?.rank == 0)
    }
  }

  @Test("No more jobs than a worker has room for; a draining one gets none")
  func capacity() async throws {
    try await withInstallation { it in
      try await it.publish { $0.limits = CatalogSubmissionLimits(concurrent: 5) }
      for _ in 1...3 { _ = try await it.submit(Installation.half, as: .aurora) }
      try await it.worker("w1", capacity: 2) { worker in
        let first = try await worker.job()
        _ = try await worker.job()
        let depth = try await it.database.read { try EvaluationTable.depth($0) }
        #expect(depth.running == 2)
        #expect(depth.waiting == 1)
        try await worker.drain()
        #expect(try await worker.deliver(first, value: 1).accepted)
        let after = try await it.database.read { try EvaluationTable.depth($0) }
        #expect(after.running == 1)
        #expect(after.waiting == 1)
      }
    }
  }

  @Test("A worker gets the job whose dataset it holds first")
  func affinity() async throws {
    try await withInstallation { it in
      try await it.publish()
      let other = try await it.ingest("id,label\nx,a\ny,b\n")
      try await it.sync(other.id, version: 1) {
        $0.id = "uc_2"
        $0.title = "other"
      }
      _ = try await it.submit(Installation.half, as: .aurora)
      let wanted = try #require(
        try await it.submit("id,label\nx,a\ny,b\n", to: "uc_2", as: .borealis).submission?.id)
      try await it.worker("w1", cached: [other.sha256]) { worker in
        let job = try await worker.job()
        #expect(job.submissionId == wanted)
      }
    }
  }

  @Test("A blob is given for a live lease that names it, and for nothing else")
  func blobs() async throws {
    try await withInstallation { it in
      let dataset = try await it.publish()
      let unrelated = try await it.ingest("id,label\nx,a\ny,b\n")
      _ = try await it.submit(Installation.half, as: .aurora)
      let client = EvaluationWorkersClient(it.channel)
      func fetch(_ lease: String, _ hash: String) async throws -> [UInt8] {
        try await client.fetchBlob(
          EvaluationFetchBlobRequest(leaseId: lease, sha256: hash), options: it.service("worker")
        ) { reader in
          var bytes: [UInt8] = []
          while let part = try await reader.next() { bytes += part.chunk }
          return bytes
        }
      }
      try await it.worker("w1") { worker in
        let job = try await worker.job()
        #expect(try await fetch(job.leaseId, dataset.sha256) == Array(Installation.truth.utf8))
        #expect(
          try await fetch(job.leaseId, job.submissionSha256) == Array(Installation.half.utf8))
        _ = await refusal(.notFound) { try await fetch(job.leaseId, unrelated.sha256) }
        _ = await refusal(.notFound) { try await fetch("lea_other", dataset.sha256) }
        it.clock.advance(milliseconds: 30_000)
        _ = await refusal(.notFound) { try await fetch(job.leaseId, dataset.sha256) }
      }
    }
  }

  @Test("Who watches hears of every state until the end")
  func watch() async throws {
    try await withInstallation { it in
      try await it.publish()
      let id = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      let client = EvaluationSubmissionsClient(it.channel)
      let states = try await client.watchSubmission(
        EvaluationWatchSubmissionRequest(id: id), options: it.options(.aurora)
      ) { reader in
        var states = [try await reader.next()?.state]
        try await it.worker("w1") { worker in
          let job = try await worker.job()
          states.append(try await reader.next()?.state)
          #expect(try await worker.deliver(job, value: 1).accepted)
        }
        while let message = try await reader.next() { states.append(message.state) }
        return states
      }
      #expect(states == [.queued, .running, .scored])
    }
  }

  @Test("The first message must be a sound hello")
  func badHello() async throws {
    try await withInstallation { it in
      let client = EvaluationWorkersClient(it.channel)
      for kind: EvaluationWorkerMessage.OneOf_Kind in [
        .drain(.init()), .hello(.init(worker: "", capacity: 1)),
        .hello(.init(worker: "w", capacity: 0)), .hello(.init(worker: "w", capacity: 65)),
      ] {
        _ = await refusal(.invalidArgument) {
          try await client.work(options: it.service("worker")) { writer, reader in
            try await writer.send(EvaluationWorkerMessage(kind: kind))
            return try await reader.next() == nil
          }
        }
      }
    }
  }
}

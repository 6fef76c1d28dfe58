import API
import Identity
import RPC
import Testing

@testable import EvaluationService

@Suite("Service: submitting")
struct SubmitTests {
  @Test("The answer says place, what is left today and in total, and when the day ends")
  func answer() async throws {
    try await withInstallation { it in
      try await it.publish { $0.limits = CatalogSubmissionLimits(perDay: 3, total: 10) }
      let response = try await it.submit(Installation.half, as: .aurora, note: "first try")
      let submission = try #require(response.submission)
      #expect(submission.state == .queued)
      #expect(submission.queuePosition == 1)
      #expect(submission.participantName == "Aurora Labs")
      #expect(submission.submittedBy == "ann@aurora.eu")
      #expect(submission.note == "first try")
      #expect(submission.rowCount == 4)
      #expect(response.allowance?.leftToday == 2)
      #expect(response.allowance?.leftTotal == 9)
      #expect(
        response.allowance?.resetTime?.unixMilliseconds == Installation.noon + 12 * 3_600_000)
    }
  }

  @Test("Without a total limit the answer says -1")
  func noTotal() async throws {
    try await withInstallation { it in
      try await it.publish()
      let response = try await it.submit(Installation.half, as: .aurora)
      #expect(response.allowance?.leftTotal == -1)
      #expect(response.allowance?.leftToday == 4)
    }
  }

  @Test(
    "A fault is answered with its line and column, costs no slot and leaves nothing stored",
    arguments: [
      ("id,label\nr1,benign\nr2,benign\nr3,benign\n", "r4", nil, nil),
      ("id,label\nr1,benign\nr2,benign\nr3,benign\nr3,benign\nr4,benign\n", "r3", 5, 1),
      ("id,label\nr1,benign\nr2,odd\nr3,benign\nr4,benign\n", "odd", 3, 2),
      (
        "id,benign,malignant\nr1,1,0\nr2,0,1\nr3,nan,0\nr4,1,0\n", "nan", 4, 2
      ),
    ] as [(String, String, Int?, Int?)])
  func faults(csv: String, word: String, line: Int?, column: Int?) async throws {
    try await withInstallation { it in
      let dataset = try await it.publish()
      let error = await refusal(.invalidArgument) { try await it.submit(csv, as: .aurora) }
      let violation = try #require(error.details.fieldViolations.first)
      #expect("\(error) \(violation.description)".contains(word))
      #expect(violation.line == line)
      #expect(violation.column == column)
      #expect(try await it.blobs.list().map(\.hex) == [dataset.sha256])
      let next = try await it.submit(Installation.half, as: .aurora)
      #expect(next.allowance?.leftToday == 4)
    }
  }

  @Test("A file from which the metric cannot be computed is refused before it costs a slot")
  func metricNeedsOtherColumns() async throws {
    try await withInstallation { it in
      try await it.publish(metric: "log_loss")
      let error = await refusal(.invalidArgument) {
        try await it.submit(Installation.perfect, as: .aurora)
      }
      #expect(error.message.contains("Log Loss"))
    }
  }

  @Test("A file over the limit is refused and nothing is stored")
  func tooLarge() async throws {
    var settings = EvaluationServer.Settings()
    settings.maximumSubmissionBytes = 16
    try await withInstallation(settings: settings) { it in
      try await it.publish()
      let error = await refusal(.resourceExhausted) {
        try await it.submit(Installation.half, as: .aurora)
      }
      #expect(error.details.limit?.name == "maximum_submission_bytes")
      #expect(try await it.blobs.list().count == 1)
    }
  }

  @Test("Paused, closed, before the start and from the end on nothing is taken")
  func times() async throws {
    try await withInstallation { it in
      let dataset = try await it.publish { $0.state = .paused }
      let paused = await refusal(.failedPrecondition) {
        try await it.submit(Installation.half, as: .aurora)
      }
      #expect(paused.message.contains("paused"))
      try await it.sync(dataset.id, version: 2) {
        $0.startTime = Google_Protobuf_Timestamp(unixMilliseconds: Installation.noon + 1)
      }
      let early = await refusal(.failedPrecondition) {
        try await it.submit(Installation.half, as: .aurora)
      }
      #expect(early.message.contains("starts at 2026-11-23T12:00:00Z"))
      try await it.sync(dataset.id, version: 3) {
        $0.endTime = Google_Protobuf_Timestamp(unixMilliseconds: Installation.noon + 1)
      }
      _ = try await it.submit(Installation.half, as: .aurora)
      it.clock.advance(milliseconds: 1)
      _ = await refusal(.failedPrecondition) {
        try await it.submit(Installation.half, as: .aurora)
      }
    }
  }

  @Test("The same key with the same file is the same submission; with another file it is refused")
  func idempotency() async throws {
    try await withInstallation { it in
      try await it.publish { $0.limits = CatalogSubmissionLimits(perDay: 1) }
      let first = try await it.submit(Installation.half, as: .aurora, key: "k")
      let again = try await it.submit(Installation.half, as: .auroraColleague, key: "k")
      #expect(again.submission?.id == first.submission?.id)
      #expect(again.allowance?.leftToday == 0)
      _ = await refusal(.alreadyExists) {
        try await it.submit(Installation.perfect, as: .aurora, key: "k")
      }
      // Another participant's key is another key.
      let other = try await it.submit(Installation.half, as: .borealis, key: "k")
      #expect(other.submission?.id != first.submission?.id)
    }
  }

  @Test("The team shares one allowance; the next UTC day brings a new one")
  func daily() async throws {
    try await withInstallation { it in
      try await it.publish { $0.limits = CatalogSubmissionLimits(perDay: 2, concurrent: 10) }
      _ = try await it.submit(Installation.half, as: .aurora)
      _ = try await it.submit(Installation.half, as: .auroraColleague)
      let error = await refusal(.resourceExhausted) {
        try await it.submit(Installation.half, as: .aurora)
      }
      #expect(error.details.limit?.name == "submissions_per_day")
      #expect(error.details.retryAfterMilliseconds == 12 * 3_600_000)
      it.clock.set(Installation.noon + 12 * 3_600_000)
      let next = try await it.submit(Installation.half, as: .aurora)
      #expect(next.allowance?.leftToday == 1)
    }
  }

  @Test("However many submit at once, the limit holds: exactly as many get in as there are slots")
  func race() async throws {
    try await withInstallation { it in
      try await it.publish { $0.limits = CatalogSubmissionLimits(perDay: 5, concurrent: 3) }
      let accepted = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<12 {
          group.addTask { (try? await it.submit(Installation.half, as: .aurora)) != nil }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(accepted == 3)
      let list = try await EvaluationSubmissionsClient(it.channel).listSubmissions(
        EvaluationListSubmissionsRequest(useCaseId: "uc_1"), options: it.options(.organiser))
      #expect(list.submissions.count == 3)
      #expect(Set(list.submissions.map(\.queuePosition)) == [1, 2, 3])
    }
  }

  @Test("An upload that is given up in the middle leaves nothing behind")
  func abandoned() async throws {
    try await withInstallation { it in
      try await it.publish()
      struct GivenUp: Error {}
      let client = EvaluationSubmissionsClient(it.channel)
      await #expect(throws: GivenUp.self) {
        _ = try await client.submit(options: it.options(.aurora)) { writer in
          try await writer.send(
            EvaluationSubmitRequest(part: .header(.init(useCaseId: "uc_1"))))
          try await writer.send(EvaluationSubmitRequest(part: .chunk(Array("id,la".utf8))))
          throw GivenUp()
        }
      }
      let next = try await it.submit(Installation.half, as: .aurora)
      #expect(next.allowance?.leftToday == 4)
      #expect(try await it.blobs.list().count == 2)
    }
  }
}

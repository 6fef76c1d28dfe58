import Foundation
import Testing

@Suite("Power cuts", .serialized, .timeLimit(.minutes(3)))
struct CrashTests {
  @Test("When a worker is killed in mid-job, another one finishes the job")
  func killedWorker() async throws {
    try await Installation.with(workers: ["worker-1"]) { installation in
      let story = try await Story.begin(installation, vendors: ["aurora-labs"])
      // A frozen worker takes the job and gets no further, however fast the machine is.
      await installation.freeze("worker-1")
      let submission = try await story.submit("aurora-labs")
      _ = try await eventually("start of the job") { () -> Bool? in
        let reply = try await installation.succeed(
          ["submission", "show", submission], as: "aurora-labs")
        return try reply.text("state") == "SUBMISSION_STATE_RUNNING" ? true : nil
      }
      try await installation.start("worker-2")
      await installation.killAtOnce("worker-1")
      let score = try await story.score(submission, of: "aurora-labs")
      let expected = try #require(try Story.expected("aurora-labs"))
      #expect(abs(try #require(score) - expected) <= 1e-9)
    }
  }

  @Test("When every service is killed and started again, nothing acknowledged is lost")
  func killedServices() async throws {
    try await Installation.with(workers: []) { installation in
      let story = try await Story.begin(installation, vendors: ["aurora-labs", "cumulus"])
      try await story.train("aurora-labs", pflop: "41.5")
      let run = try await installation.succeed(
        ["run", "start", "--use-case", story.useCase], as: "cumulus"
      ).text("run.id")
      try await installation.succeed(["run", "report", run, "--pflop", "7.5"], as: "cumulus")
      let submission = try await story.submit("aurora-labs")
      let before = try await state(story)

      for name in Installation.services {
        await installation.killAtOnce(name)
        try await installation.start(name)
      }
      #expect(try await state(story) == before)

      // And it goes on from there: the waiting job is done, the open run is settled.
      try await installation.start("worker-1")
      let score = try await story.score(submission, of: "aurora-labs")
      let expected = try #require(try Story.expected("aurora-labs"))
      #expect(abs(try #require(score) - expected) <= 1e-9)
      try await installation.succeed(["run", "finish", run, "--pflop", "8.5"], as: "cumulus")
      let report = try await installation.succeed(["billing", "report"], as: Story.organiser)
      #expect(try report.text("pflopTotal") == "50")
      #expect(try report.text("eurTotal") == "1.25")
      try await verifyLedger(installation)
    }
  }

  @Test("A command that watches a run goes on by itself when the service was killed meanwhile")
  func watch() async throws {
    try await Installation.with(workers: []) { installation in
      let story = try await Story.begin(installation, vendors: ["aurora-labs"])
      let run = try await installation.succeed(
        ["run", "start", "--use-case", story.useCase], as: "aurora-labs"
      ).text("run.id")
      async let watching = installation.assay(["run", "watch", run], as: "aurora-labs")
      // Each of these takes longer than the watch needs to begin.
      for _ in 0..<3 {
        try await installation.succeed(["run", "report", run, "--pflop", "1"], as: "aurora-labs")
      }
      await installation.killAtOnce("compute")
      let refused = try await installation.assay(["run", "show", run], as: "aurora-labs")
      #expect(refused.code != 0)
      try await installation.start("compute")
      _ = try await eventually("stop of the run") { () -> Bool? in
        let reply = try await installation.assay(
          ["run", "stop", run, "--reason", "enough"], as: Story.organiser)
        return reply.code == 0 ? true : nil
      }
      let watch = try await watching
      #expect(watch.code == 0, "\(watch.err)")
      #expect(watch.err.contains("watching again in "))
      let lines = watch.out.split(separator: "\n").filter { $0.contains(run) }
      #expect(lines.last?.contains("stopped by the organiser: enough") == true, "\(watch.out)")
      #expect(Set(lines).count == lines.count, "what had not changed was printed again")
    }
  }

  /// What is exported verifies without the service; one changed figure does not.
  private func verifyLedger(_ installation: Installation) async throws {
    let export = try await installation.succeed(["ledger", "export"], as: Story.organiser).out
    #expect(export.contains("\"run-finished\""))
    let file = try await installation.file("ledger.jsonl", export)
    let assay = try Executables.path("assay")
    let sound = try await run(assay, ["ledger", "verify", file])
    #expect(sound.code == 0, "\(sound.err)")
    let forged = export.replacingOccurrences(of: "\"8500000\"", with: "\"8400000\"")
    #expect(forged != export)
    let other = try await installation.file("forged.jsonl", forged)
    let refusal = try await run(assay, ["ledger", "verify", other])
    #expect(refusal.code != 0)
    #expect(refusal.err.contains("does not fit"), "\(refusal.err)")
  }

  @Test("A service that is asked to end drains and exits with 0")
  func drains() async throws {
    try await Installation.with { installation in
      for name in ["worker-1"] + Installation.services.reversed() {
        #expect(await installation.stop(name) == 0, "\(name)")
      }
    }
  }

  /// What is known of the story, as text; a service that has just started may need a moment.
  private func state(_ story: Story) async throws -> [String] {
    var state: [String] = []
    for words in [
      ["use-case", "show", story.useCase], ["participant", "list", story.useCase],
      ["invite", "list", story.useCase], ["metadataset", "list"], ["dataset", "list"],
      ["submission", "list", story.useCase], ["run", "list", story.useCase],
      ["budget", story.useCase], ["billing", "report"], ["use-case", "audit", story.useCase],
    ] {
      let reply = try await eventually("an answer to \(words)") { () -> Reply? in
        let reply = try await story.installation.assay(words, as: Story.organiser)
        return reply.code == 0 ? reply : nil
      }
      state.append(reply.out)
    }
    return state
  }
}

import Foundation
import Testing

@Suite("The whole thread, real executables over TLS", .serialized, .timeLimit(.minutes(3)))
struct ThreadTests {
  @Test("From tenants to the bill: scores, ranks, quote and euro are right, strangers see nothing")
  func wholeThread() async throws {
    try await Installation.with(workers: ["worker-1", "worker-2"]) { installation in
      let vendors = ["aurora-labs", "borealis-ai", "cumulus"]
      let story = try await Story.begin(installation, vendors: vendors)
      try await Story.enrol([("elsewhere", "organiser,participant,billing")], in: installation)
      let quote = try await installation.succeed(
        ["use-case", "quote", story.useCase], as: Story.organiser)
      #expect(try quote.text("eurTotal") == "50.00")
      for (vendor, pflop) in zip(vendors, ["41.5", "57.25", "120"]) {
        try await story.train(vendor, pflop: pflop)
        let submission = try await story.submit(vendor)
        let score = try await story.score(submission, of: vendor)
        let expected = try #require(try Story.expected(vendor))
        #expect(abs(try #require(score) - expected) <= 1e-9, "\(vendor)")
      }
      try await checkBoard(story, vendors)
      try await checkBill(story)
      try await checkStranger(story)
    }
  }

  private func checkBoard(_ story: Story, _ vendors: [String]) async throws {
    let board = try await story.installation.succeed(
      ["leaderboard", story.useCase], as: "cumulus")
    let entries = try board.list("entries")
    #expect(entries.compactMap { $0["participantName"] as? String } == vendors)
    #expect(entries.compactMap { $0["rank"] as? Int } == [1, 2, 3])
    let activity = try await story.installation.succeed(
      ["activity", story.useCase], as: Story.organiser)
    let scored = try activity.list("days").compactMap { $0["scored"] as? Int }
    #expect(scored.reduce(0, +) == 3)
  }

  private func checkBill(_ story: Story) async throws {
    let report = try await story.installation.succeed(["billing", "report"], as: Story.organiser)
    #expect(try report.text("eurTotal") == "5.47")
    #expect(try report.text("pflopTotal") == "218.75")
    #expect(
      try Set(report.list("lines").compactMap { $0["eur"] as? String }) == ["1.04", "1.43", "3.00"])
    let budget = try await story.installation.succeed(
      ["budget", story.useCase], as: Story.organiser)
    #expect(try budget.text("usedGflop") == "218750000")
    #expect(try budget.text("heldGflop") == "0")
  }

  private func checkStranger(_ story: Story) async throws {
    for words in [
      ["use-case", "show", story.useCase], ["leaderboard", story.useCase],
      ["budget", story.useCase], ["activity", story.useCase], ["join", story.useCase],
      ["submission", "list", story.useCase], ["run", "start", "--use-case", story.useCase],
      ["submit", "\(Story.folder)/cumulus.csv", "--use-case", story.useCase],
    ] {
      let seen = try await story.installation.assay(words, as: "elsewhere")
      #expect(seen.code == 1, "\(words)")
      #expect(seen.err.contains("\"NOT_FOUND\""), "\(words): \(seen.err)")
      // The same words as for a use case that never was.
      let other = "uc_aaaaaaaaaaaaaaaa"
      let absent = try await story.installation.assay(
        words.map { $0 == story.useCase ? other : $0 }, as: "elsewhere")
      #expect(seen.err == absent.err.replacing(other, with: story.useCase), "\(words)")
    }
    let list = try await story.installation.succeed(["use-case", "list"], as: "elsewhere")
    #expect(try list.list("useCases").isEmpty)
  }
}

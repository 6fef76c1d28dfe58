import Foundation
import Testing

@Suite("Bad input", .serialized, .timeLimit(.minutes(3)))
struct BadInputTests {
  @Test("Each gets a clear status with its place, nothing is half-stored, and service goes on")
  func badInput() async throws {
    try await Installation.with(workers: []) { installation in
      let story = try await Story.begin(installation, vendors: ["aurora-labs"])
      try await checkDatasets(story)
      try await checkSubmissions(story)
      try await checkKeys(installation)
      try await checkMethods(installation)
      try await checkWire(installation)
      let health = try await installation.assay(["health"], as: "operator")
      #expect(health.code == 0)
    }
  }

  private func checkDatasets(_ story: Story) async throws {
    let before = try await story.installation.succeed(["dataset", "list"], as: Story.organiser)
    for (name, rows, place) in [
      ("missing.csv", "id,label\na,benign\n,benign\n", "missing.csv:3:1: "),
      ("twice.csv", "id,label\na,benign\nb,benign\na,malignant\n", "twice.csv:4:1: "),
    ] {
      let file = try await story.installation.file(name, rows)
      let reply = try await story.installation.assay(
        ["dataset", "ingest", file, "--task", Story.task, "--purpose", "test"],
        as: Story.organiser)
      expectRefusal(reply, "INVALID_ARGUMENT", saying: place)
    }
    let after = try await story.installation.succeed(["dataset", "list"], as: Story.organiser)
    #expect(before.out == after.out)
  }

  private func checkSubmissions(_ story: Story) async throws {
    let good = try String(contentsOfFile: "\(Story.folder)/aurora-labs.csv", encoding: .utf8)
      .split(separator: "\n").map(String.init)
    func broken(_ name: String, _ change: (inout [String]) -> Void) async throws -> String {
      var lines = good
      change(&lines)
      return try await story.installation.file(name, lines.joined(separator: "\n") + "\n")
    }
    func fields(_ line: String, _ index: Int, _ value: String) -> String {
      var fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      fields[index] = value
      return fields.joined(separator: ",")
    }
    let cases = [
      (try await broken("id.csv") { $0[1] = fields($0[1], 0, "") }, "id.csv:2:1: "),
      (
        try await broken("again.csv") { $0[5] = fields($0[5], 0, String($0[4].prefix(5))) },
        "again.csv:6:1: "
      ),
      (try await broken("label.csv") { $0[2] = fields($0[2], 1, "unclear") }, "label.csv:3:2: "),
      (try await broken("nan.csv") { $0[3] = fields($0[3], 2, "nan") }, "nan.csv:4:3: "),
    ]
    for (file, place) in cases {
      let reply = try await story.installation.assay(
        ["submit", file, "--use-case", story.useCase], as: "aurora-labs")
      expectRefusal(reply, "INVALID_ARGUMENT", saying: place)
    }
    let list = try await story.installation.succeed(
      ["submission", "list", story.useCase], as: "aurora-labs")
    #expect(try list.list("submissions").isEmpty)
    // None of them cost a submission of the day.
    let sent = try await story.installation.succeed(
      ["submit", "\(Story.folder)/aurora-labs.csv", "--use-case", story.useCase],
      as: "aurora-labs")
    #expect(try sent.value("allowance.leftToday") as? Int == 4)
  }

  private func checkKeys(_ installation: Installation) async throws {
    let unknown = try await installation.file(
      "unknown.key", "assay_clinic_aaaaaaaaaaaaaaaa_" + String(repeating: "b", count: 58))
    expectRefusal(try await installation.assay(["whoami"], key: unknown), "UNAUTHENTICATED")
    let nonsense = try await installation.file("nonsense.key", "let me in")
    expectRefusal(try await installation.assay(["whoami"], key: nonsense), "UNAUTHENTICATED")

    let short = await installation.keyFile("short")
    try await installation.succeed(
      ["key", "create", "--lifetime", "1s", "--out", short], as: Story.organiser)
    let expired = try await eventually("expiry of a key", within: 10) { () -> Reply? in
      let reply = try await installation.assay(["whoami"], key: short)
      return reply.code == 0 ? nil : reply
    }
    expectRefusal(expired, "UNAUTHENTICATED")

    let revoked = await installation.keyFile("revoked")
    let key = try await installation.succeed(
      ["key", "create", "--out", revoked], as: Story.organiser
    ).text("key.id")
    #expect(try await installation.assay(["whoami"], key: revoked).code == 0)
    try await installation.succeed(["key", "revoke", key], as: Story.organiser)
    expectRefusal(try await installation.assay(["whoami"], key: revoked), "UNAUTHENTICATED")
  }

  private func checkMethods(_ installation: Installation) async throws {
    for method in [
      "assay.catalog.v1.UseCases.Nonsense", "assay.nonsense.v1.Nothing.Get", "nonsense",
    ] {
      let reply = try await installation.assay(["call", method], as: Story.organiser)
      expectRefusal(reply, "UNIMPLEMENTED")
    }
    // Services speak this among themselves; the gateway never forwards it.
    let inner = try await installation.assay(
      ["call", "assay.evaluation.v1.EvaluationSync.SyncUseCase"], as: Story.organiser)
    #expect(inner.code == 1)
    let notOurs = try await installation.assay(["tenant", "list"], as: Story.organiser)
    expectRefusal(notOurs, "PERMISSION_DENIED")
  }

  /// Bytes that are no frames, in the clear and inside TLS, and a connection that says nothing.
  private func checkWire(_ installation: Installation) async throws {
    let endpoint = await installation.endpoint
    let silent = try RawConnection(endpoint)
    let clear = try RawConnection(endpoint)
    clear.send(Array("GET / HTTP/1.1\r\nHost: assay\r\n\r\n".utf8))
    #expect(await clear.isClosedByPeer(within: 10), "bytes in the clear end the connection")
    let garbage = try await run(
      "/usr/bin/openssl",
      [
        "s_client", "-connect", endpoint, "-CAfile", await installation.certificateAuthority,
        "-quiet", "-no_ign_eof", "-verify_quiet",
      ], input: Array("GET / HTTP/1.1\r\nHost: assay\r\n\r\n".utf8))
    // A client that speaks another protocol gets no answer in it; what matters is who lives on.
    #expect(!garbage.out.contains("HTTP/1.1 200"))
    #expect(try await installation.assay(["whoami"], as: Story.organiser).code == 0)
    silent.close()
  }

  private func expectRefusal(
    _ reply: Reply, _ status: String, saying place: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(reply.code == 1, "\(reply.out)\(reply.err)", sourceLocation: sourceLocation)
    #expect(
      reply.err.contains("\"status\":\"\(status)\""), "\(reply.err)", sourceLocation: sourceLocation
    )
    #expect(
      place.isEmpty || reply.err.contains(place), "\(reply.err)", sourceLocation: sourceLocation)
    #expect(reply.out.isEmpty, sourceLocation: sourceLocation)
  }
}

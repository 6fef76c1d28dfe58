import API
import RPC
import Testing

@testable import EvaluationService

@Suite("Service: who sees what")
struct VisibilityTests {
  @Test(
    "For a stranger, and for one who only bears a member's e-mail address, nothing exists",
    arguments: [Person.stranger, .impostor])
  func outsiders(person: Person) async throws {
    try await withInstallation { it in
      try await it.publish()
      let id = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      let submissions = EvaluationSubmissionsClient(it.channel)
      let useCase = RPCError.notFound("use case", "uc_1")
      #expect(await refusal(.notFound) { try await it.board(as: person) } == useCase)
      #expect(
        await refusal(.notFound) {
          try await submissions.listSubmissions(
            EvaluationListSubmissionsRequest(useCaseId: "uc_1"), options: it.options(person))
        } == useCase)
      #expect(
        await refusal(.notFound) {
          try await EvaluationMonitorClient(it.channel).getActivity(
            EvaluationGetActivityRequest(useCaseId: "uc_1"), options: it.options(person))
        } == useCase)
      #expect(
        await refusal(.notFound) { try await it.submit(Installation.half, as: person) } == useCase)
      #expect(
        await refusal(.notFound) { try await it.submission(id, as: person) }
          == RPCError.notFound("submission", id))
      #expect(
        await refusal(.notFound) {
          try await submissions.watchSubmission(
            EvaluationWatchSubmissionRequest(id: id), options: it.options(person)
          ) { reader in try await reader.next()?.id ?? "" }
        } == RPCError.notFound("submission", id))
    }
  }

  @Test("A participant sees its own submissions, its colleagues' too, and no other team's")
  func ownOnly() async throws {
    try await withInstallation { it in
      try await it.publish()
      let own = try #require(
        try await it.submit(Installation.half, as: .aurora).submission?.id)
      let other = try #require(
        try await it.submit(Installation.half, as: .borealis).submission?.id)
      #expect(try await it.submission(own, as: .auroraColleague).id == own)
      _ = await refusal(.notFound) { try await it.submission(other, as: .aurora) }
      let client = EvaluationSubmissionsClient(it.channel)
      let request = EvaluationListSubmissionsRequest(useCaseId: "uc_1")
      let mine = try await client.listSubmissions(request, options: it.options(.aurora))
      #expect(mine.submissions.map(\.id) == [own])
      let all = try await client.listSubmissions(request, options: it.options(.viewer))
      #expect(all.submissions.map(\.id) == [other, own])
    }
  }

  @Test("Staff of the owning tenant sees everybody's activity, a participant only its own")
  func activity() async throws {
    try await withInstallation { it in
      try await it.publish()
      _ = try await it.submit(Installation.half, as: .aurora)
      _ = try await it.submit(Installation.half, as: .borealis)
      let client = EvaluationMonitorClient(it.channel)
      let request = EvaluationGetActivityRequest(useCaseId: "uc_1")
      let all = try await client.getActivity(request, options: it.options(.organiser))
      #expect(all.days.map(\.date) == ["2026-11-23"])
      #expect(all.days.first?.submissions == 2)
      #expect(all.days.first?.activeUsers == 2)
      #expect(all.users.map(\.email) == ["ann@aurora.eu", "bob@borealis.eu"])
      let own = try await client.getActivity(request, options: it.options(.aurora))
      #expect(own.days.first?.submissions == 1)
      #expect(own.users.map(\.email) == ["ann@aurora.eu"])
    }
  }

  @Test("A public use case's board is everybody's; its submissions and activity are not")
  func publicUseCase() async throws {
    try await withInstallation { it in
      try await it.publish { $0.privacy = .public }
      #expect(try await it.board(as: .stranger).title == "Tumours")
      _ = await refusal(.notFound) {
        try await EvaluationMonitorClient(it.channel).getActivity(
          EvaluationGetActivityRequest(useCaseId: "uc_1"), options: it.options(.stranger))
      }
      _ = await refusal(.notFound) { try await it.submit(Installation.half, as: .stranger) }
    }
  }

  @Test("Without a principal, or with a role that the method does not list, nobody gets in")
  func roles() async throws {
    try await withInstallation { it in
      try await it.publish()
      var billing = Person.aurora
      billing.roles = [.billing]
      _ = await refusal(.permissionDenied) { try await it.submit(Installation.half, as: billing) }
      _ = await refusal(.permissionDenied) { try await it.ingest("x", as: .aurora) }
      _ = await refusal(.unimplemented) {
        try await EvaluationWorkersClient(it.channel).work(options: it.options(.organiser)) {
          _, reader in try await reader.next() == nil
        }
      }
    }
  }

  @Test("The catalogue of metrics lists a task's metrics with direction and parameters")
  func metrics() async throws {
    try await withInstallation { it in
      let client = EvaluationMetricCatalogueClient(it.channel)
      let list = try await client.listMetrics(
        EvaluationListMetricsRequest(task: .tabularRegression), options: it.options(.stranger))
      let bias = try #require(list.metrics.first { $0.id == "mbe" })
      #expect(bias.direction == "lower_absolute")
      #expect(bias.task == .tabularRegression)
      let all = try await client.listMetrics(
        EvaluationListMetricsRequest(), options: it.options(.stranger))
      #expect(all.metrics.count > list.metrics.count)
    }
  }
}

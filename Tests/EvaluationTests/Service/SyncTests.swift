import API
import RPC
import Testing

@testable import EvaluationService

@Suite("Service: what Catalog says")
struct SyncTests {
  @Test("A newer version is taken, an older one and the same one are ignored")
  func versions() async throws {
    try await withInstallation { it in
      let dataset = try await it.ingest(Installation.truth)
      #expect(try await it.sync(dataset.id, version: 3) { $0.title = "three" } == 3)
      #expect(try await it.sync(dataset.id, version: 2) { $0.title = "two" } == 3)
      #expect(try await it.sync(dataset.id, version: 3) { $0.title = "again" } == 3)
      #expect(try await it.board().title == "three")
      #expect(try await it.sync(dataset.id, version: 4) { $0.title = "four" } == 4)
      #expect(try await it.board().title == "four")
    }
  }

  @Test("Who leaves the use case does not see it any more")
  func memberLeaves() async throws {
    try await withInstallation { it in
      let dataset = try await it.publish()
      _ = try await it.board(as: .aurora)
      try await it.sync(dataset.id, version: 2) { $0.participants.removeFirst() }
      _ = await refusal(.notFound) { try await it.board(as: .aurora) }
      _ = try await it.board(as: .borealis)
    }
  }

  @Test("Nobody but Catalog may say it: no user, no other service")
  func callers() async throws {
    try await withInstallation { it in
      let client = EvaluationEvaluationSyncClient(it.channel)
      let request = CatalogSyncUseCaseRequest(
        snapshot: CatalogUseCaseSnapshot(id: "uc_1", version: 1, tenant: "clinic"))
      for name in ["worker", "compute"] {
        _ = await refusal(.permissionDenied) {
          try await client.syncUseCase(request, options: it.service(name))
        }
      }
      // To people, what services say to each other does not exist.
      _ = await refusal(.unimplemented) {
        try await client.syncUseCase(request, options: it.options(.organiser))
      }
    }
  }
}

import API
import CatalogDomain
import RPC
import Storage
import Testing

@testable import CatalogService

@Suite("Publishing, and telling the other services")
struct PublishTests {
  @Test("one refusal lists every field at fault, and nothing is told to anybody")
  func faults() async throws {
    let world = try await World()
    let draft = try await world.catalog.createUseCase(
      CatalogCreateUseCaseRequest(content: CatalogUseCaseContent(privacy: .private)),
      World.organiser)
    let refused = await status {
      _ = try await world.catalog.change(
        CatalogChangeStateRequest(id: draft.id), .publish, World.organiser)
    }
    #expect(refused?.code == .invalidArgument)
    #expect(
      refused?.details.fieldViolations.map(\.field) == [
        "title", "task", "train_metadataset_id", "test_metadataset_id", "metric", "description",
        "invites", "budget", "end_time",
      ])
    #expect(try await world.pendingSnapshots("evaluation").isEmpty)
    #expect(try await world.get(draft.id, as: World.organiser).state == .draft)
  }

  @Test("the metric and its parameters must be of the task's catalogue")
  func metric() async throws {
    let world = try await World()
    let draft = try await world.draft(.public)
    func fields(_ choice: CatalogMetricChoice) async throws -> [String]? {
      _ = try await world.catalog.updateUseCase(
        CatalogUpdateUseCaseRequest(
          id: draft.id, content: CatalogUseCaseContent(metric: choice)), World.organiser)
      return await status {
        _ = try await world.catalog.change(
          CatalogChangeStateRequest(id: draft.id), .publish, World.organiser)
      }?.details.fieldViolations.map(\.field)
    }
    #expect(try await fields(CatalogMetricChoice(metric: "mae")) == ["metric"])
    #expect(
      try await fields(CatalogMetricChoice(metric: "f1", parameters: ["average": "none"]))
        == ["metric.parameters.average"])
    #expect(
      try await fields(CatalogMetricChoice(metric: "f1", parameters: ["colour": "red"]))
        == ["metric.parameters.colour"])
  }

  @Test("publishing commits a complete snapshot for both services in the same transaction")
  func snapshot() async throws {
    let world = try await World()
    let published = try await world.published()
    for topic in ["evaluation", "compute"] {
      let snapshots = try await world.pendingSnapshots(topic)
      #expect(snapshots.count == 1)
      let snapshot = try #require(snapshots.first)
      #expect(snapshot.id == published.id && snapshot.tenant == "acme")
      #expect(snapshot.version == World.start)
      #expect(snapshot.state == .published && snapshot.privacy == .private)
      #expect(snapshot.trainDatasetId == "dat_acme_train")
      #expect(snapshot.testDatasetId == "dat_acme_truth")
      #expect(snapshot.metric?.metric == "f1" && snapshot.budget?.participants == 2)
      #expect(snapshot.startTime?.unixMilliseconds == World.start)
      #expect(snapshot.participants.isEmpty)
    }
  }

  @Test("a change that is rolled back leaves no snapshot behind")
  func rolledBack() async throws {
    let world = try await World()
    let draft = try await world.draft(.public)
    struct Stop: Error {}
    await #expect(throws: Stop.self) {
      try await world.database.write { [catalog = world.catalog] tx in
        var record = try #require(try tx.storedUseCase(draft.id))
        record.state = .published
        _ = try catalog.save(tx, &record, now: World.start)
        throw Stop()
      }
    }
    #expect(try await world.pendingSnapshots("compute").isEmpty)
    #expect(try await world.get(draft.id, as: World.organiser).state == .draft)
  }

  @Test("each later change sends the next version; a draft's changes send none")
  func versions() async throws {
    let world = try await World()
    let published = try await world.published()
    let request = CatalogChangeStateRequest(id: published.id)
    _ = try await world.catalog.change(request, .pause, World.organiser)
    _ = try await world.catalog.change(request, .resume, World.organiser)
    _ = try await world.catalog.updateUseCase(
      CatalogUpdateUseCaseRequest(
        id: published.id,
        content: CatalogUseCaseContent(
          budget: CatalogComputeBudget(participants: 3, gflopEach: 200_000_000))),
      World.organiser)
    let invite = try #require(
      try await world.catalog.listInvites(CatalogListInvitesRequest(), World.vendor)
        .invites.first)
    _ = try await world.accept(invite, as: World.vendor)
    let snapshots = try await world.pendingSnapshots("evaluation")
    #expect(snapshots.map(\.version) == (0..<5).map { World.start + $0 })
    #expect(
      snapshots.map(\.state) == [.published, .paused, .published, .published, .published])
    #expect(snapshots.map { $0.budget?.participants } == [2, 2, 2, 3, 3])
    #expect(snapshots.map(\.participants.count) == [0, 0, 0, 0, 1])
    #expect(snapshots.last?.participants.first?.emails == ["ada@vendor.eu"])
    #expect(snapshots.last?.participants.first?.tenant == "vendor")
  }

  @Test("after an older backup is restored, versions still grow beyond what receivers have")
  func restoredBackup() async throws {
    let world = try await World()
    let published = try await world.published()
    let request = CatalogChangeStateRequest(id: published.id)
    _ = try await world.catalog.change(request, .pause, World.organiser)
    let received = try #require(try await world.pendingSnapshots("compute").last)
    try await world.database.write { tx in
      try tx.execute("UPDATE use_cases SET snapshot_version = ?1, state = 'published'", World.start)
      try tx.execute("DELETE FROM outbox")
    }
    world.clock.advance(milliseconds: 60_000)
    _ = try await world.catalog.change(request, .close, World.organiser)
    let next = try #require(try await world.pendingSnapshots("compute").last)
    #expect(next.version > received.version)
  }

  @Test("doing a thing twice is doing it once: no second version")
  func twice() async throws {
    let world = try await World()
    let published = try await world.published()
    let again = try await world.catalog.change(
      CatalogChangeStateRequest(id: published.id, etag: "an older one"), .publish,
      World.organiser)
    #expect(again == published)
    #expect(try await world.pendingSnapshots("evaluation").count == 1)
  }

  @Test("publishing with a stale etag is ABORTED")
  func stale() async throws {
    let world = try await World()
    let draft = try await world.draft(.public)
    let refused = await status {
      _ = try await world.catalog.change(
        CatalogChangeStateRequest(id: draft.id, etag: "0123"), .publish, World.organiser)
    }
    #expect(refused?.code == .aborted)
  }

  @Test("an answer comes after both services know what it says")
  func delivered() async throws {
    let world = try await World(delivers: true)
    try await world.catalog.start()
    let published = try await world.published()
    #expect(world.peers.snapshots("evaluation").map(\.id) == [published.id])
    #expect(world.peers.snapshots("compute").map(\.id) == [published.id])
    await world.catalog.stop()
  }

  @Test("with the other services away the answer comes all the same, and they are told later")
  func unreachable() async throws {
    let world = try await World(arePeersReachable: false, delivers: true)
    try await world.catalog.start()
    let published = try await world.published()
    #expect(published.state == .published)
    #expect(try await world.pendingSnapshots("evaluation").count == 1)
    world.peers.setReachable(true)
    world.catalog.outbox.kick()
    let id = try await world.database.read { db in
      try db.queryOne("SELECT max(seq) FROM sqlite_sequence WHERE name = 'outbox'") {
        try $0.int64(0)
      } ?? 0
    }
    #expect(await world.catalog.outbox.waitUntilDelivered(id, timeout: .seconds(10)))
    #expect(world.peers.snapshots("compute").map(\.id) == [published.id])
    await world.catalog.stop()
  }

  @Test("a published use case refuses changes of what is fixed, naming the fields")
  func fixedFields() async throws {
    let world = try await World()
    let published = try await world.published()
    let refused = await status {
      _ = try await world.catalog.updateUseCase(
        CatalogUpdateUseCaseRequest(
          id: published.id,
          content: CatalogUseCaseContent(
            title: "New", privacy: .public, description: "fine")), World.organiser)
    }
    #expect(refused?.code == .failedPrecondition)
    #expect(refused?.details.fieldViolations.map(\.field) == ["title", "privacy"])
  }

  @Test("what an owner does is in the trail, and the trail verifies")
  func trail() async throws {
    let world = try await World()
    let published = try await world.published()
    let trail = try await world.catalog.listAuditEntries(
      CatalogListAuditEntriesRequest(useCaseId: published.id), World.owner)
    #expect(trail.entries.map(\.action) == ["publish", "invite", "create"])
    #expect(trail.entries.map(\.actor) == Array(repeating: "olga@acme.eu", count: 3))
    let head = try await world.database.read { db in try db.verifyAuditTrail() }
    #expect(head.sequence == 3 && head.digest.hex == trail.entries.first?.sha256)
  }

  @Test(
    "a trail that was tampered with in the database does not verify",
    arguments: [
      "UPDATE audit_entries SET detail = 'nothing' WHERE sequence = 2",
      "UPDATE audit_entries SET actor = 'someone@else.eu' WHERE sequence = 1",
      "DELETE FROM audit_entries WHERE sequence = 2",
      "DELETE FROM audit_entries WHERE sequence = 3",
    ])
  func tampering(sql: String) async throws {
    let world = try await World()
    _ = try await world.published()
    try await world.database.write { tx in _ = try tx.execute(sql) }
    await #expect(throws: AuditFault.self) {
      try await world.database.read { db in _ = try db.verifyAuditTrail() }
    }
  }
}

import API
import CatalogDomain
import Identity
import RPC
import ServiceKit
import Storage
import Testing

@testable import CatalogService

@Suite("Handlers and statuses")
struct HandlerTests {
  static let principal = Principal(
    tenant: "acme", user: "usr_1", email: "olga@acme.eu", roles: [.organiser],
    issueTime: World.start, expireTime: World.start + 300_000)

  @Test("a handler acts for the verified principal of its call")
  func principal() async throws {
    let world = try await World()
    let handler = UseCasesHandler(catalog: world.catalog)
    let draft = try await handler.createUseCase(
      CatalogCreateUseCaseRequest(), context: TestContext.make(principal: Self.principal))
    #expect(draft.tenant == "acme")
    #expect(try await world.listed(as: World.organiser) == [draft.id])
  }

  @Test("without a principal nothing is done")
  func nobody() async throws {
    let world = try await World()
    let context = TestContext.make(principal: nil)
    let calls: [() async throws -> Void] = [
      {
        _ = try await UseCasesHandler(catalog: world.catalog).createUseCase(
          CatalogCreateUseCaseRequest(), context: context)
      },
      {
        _ = try await MetadatasetsHandler(catalog: world.catalog).listMetadatasets(
          CatalogListMetadatasetsRequest(), context: context)
      },
      {
        _ = try await InvitesHandler(catalog: world.catalog).listInvites(
          CatalogListInvitesRequest(), context: context)
      },
    ]
    for call in calls { #expect(await status(of: call)?.code == .unauthenticated) }
    #expect(try await world.listed(as: World.organiser).isEmpty)
  }

  @Test("the router has every method of the catalogue's schema")
  func router() async throws {
    let world = try await World()
    let served = Set(world.catalog.router.methods.map(\.name))
    let promised =
      CatalogUseCasesMethods.all + CatalogMetadatasetsMethods.all + CatalogInvitesMethods.all
    #expect(served == Set(promised.map(\.name)))
  }

  @Test("each kind of error has its status, and a foreign one has none")
  func statuses() {
    struct Foreign: Error {}
    let expected: [(any Error, StatusCode)] = [
      (CatalogError.invalid("title", "is missing"), .invalidArgument),
      (CatalogError.notNow("not now"), .failedPrecondition),
      (CatalogError.notFound(kind: "use case", name: "uc_1"), .notFound),
      (CatalogError.taken(kind: "participant", name: "a", "taken"), .alreadyExists),
      (
        CatalogError.limit("full", LimitReached(name: "n", limit: 1, actual: 2)),
        .resourceExhausted
      ),
      (CatalogError.stale(seen: "a", present: "b"), .aborted),
      (CatalogRefusal.notManager, .permissionDenied), (CatalogRefusal.notStaff, .permissionDenied),
      (CatalogRefusal.upload("no header"), .invalidArgument),
      (CatalogRefusal.noAddress, .failedPrecondition),
      (StorageError.overloaded(queue: "writes", limit: 1), .resourceExhausted),
      (StorageError.closed, .unavailable), (RPCError.unavailable("away"), .unavailable),
    ]
    for (error, code) in expected { #expect(StatusMap.status(of: error)?.code == code) }
    #expect(StatusMap.status(of: Foreign()) == nil)
  }
}

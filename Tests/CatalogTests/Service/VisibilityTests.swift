import API
import CatalogDomain
import Foundation
import Identity
import RPC
import Testing

@testable import CatalogService

@Suite("Who sees what")
struct VisibilityTests {
  enum Stage: String, CaseIterable, Sendable {
    case draft, published, paused, closed, archived
  }

  enum Viewer: String, CaseIterable, Sendable {
    case owner, organiser, viewer, billing, colleague
    /// Invited, not answered yet.
    case pending
    case accepted, revoked, expired, stranger

    var scope: TenantScope {
      switch self {
      case .owner: World.owner
      case .organiser: World.organiser
      case .viewer: World.viewer
      case .billing: World.billing
      case .colleague: World.colleague
      case .stranger: World.stranger
      default: World.scope("vendor", rawValue, [.participant])
      }
    }

    var isStaff: Bool { [.owner, .organiser, .viewer, .billing].contains(self) }

    /// The rule, in words: drafts are the staff's; what is private is the staff's, the members' and
    /// the openly invited's; what is public is everybody's, until it is archived.
    func sees(_ stage: Stage, _ privacy: CatalogPrivacy) -> Bool {
      if isStaff { return true }
      switch stage {
      case .draft: return false
      case .published, .paused: return privacy == .public || self == .pending || self == .accepted
      case .closed: return privacy == .public || self == .accepted
      case .archived: return self == .accepted
      }
    }
  }

  /// One use case of each privacy, brought to `stage`, with everybody in place.
  static func setUp(
    _ world: World, _ privacy: CatalogPrivacy, _ stage: Stage
  ) async throws -> String {
    let draft = try await world.draft(privacy)
    let expired = try await world.invite(["expired@vendor.eu"], to: draft.id)
    world.clock.advance(milliseconds: 31 * World.day)
    let invites = try await world.invite(
      ["pending@vendor.eu", "accepted@vendor.eu", "revoked@vendor.eu"], to: draft.id)
    #expect(expired.count == 1)
    _ = try await world.catalog.revokeInvite(
      CatalogRevokeInviteRequest(id: invites[2].id), World.organiser)
    if stage == .draft { return draft.id }
    let request = CatalogChangeStateRequest(id: draft.id)
    _ = try await world.catalog.change(request, .publish, World.organiser)
    _ = try await world.accept(invites[1], as: Viewer.accepted.scope)
    let actions: [UseCaseAction] =
      switch stage {
      case .draft, .published: []
      case .paused: [.pause]
      case .closed: [.close]
      case .archived: [.close, .archive]
      }
    for action in actions { _ = try await world.catalog.change(request, action, World.organiser) }
    return draft.id
  }

  @Test(
    "get and list follow the one rule for every viewer",
    arguments: Stage.allCases, [CatalogPrivacy.public, .private])
  func matrix(stage: Stage, privacy: CatalogPrivacy) async throws {
    let world = try await World()
    let id = try await Self.setUp(world, privacy, stage)
    for viewer in Viewer.allCases {
      let expected = viewer.sees(stage, privacy)
      let isListed = try await world.listed(as: viewer.scope).contains(id)
      #expect(isListed == expected, "\(viewer) lists \(privacy) \(stage)")
      let isShown = (try? await world.get(id, as: viewer.scope)) != nil
      #expect(isShown == expected, "\(viewer) gets \(privacy) \(stage)")
    }
  }

  @Test("what a stranger may not see is the same NOT_FOUND as what does not exist")
  func notFound() async throws {
    let world = try await World()
    let published = try await world.published()
    let hidden = published.id
    let missing = "uc_0000000000000000"
    let scope = World.stranger
    let calls: [@Sendable (Catalog, String) async throws -> Void] = [
      { _ = try await $0.getUseCase(CatalogGetUseCaseRequest(id: $1), scope) },
      { _ = try await $0.updateUseCase(CatalogUpdateUseCaseRequest(id: $1), scope) },
      { _ = try await $0.cloneUseCase(CatalogCloneUseCaseRequest(id: $1), scope) },
      { _ = try await $0.change(CatalogChangeStateRequest(id: $1), .close, scope) },
      { _ = try await $0.quoteUseCase(CatalogQuoteUseCaseRequest(id: $1), scope, CallOptions()) },
      { _ = try await $0.listAuditEntries(CatalogListAuditEntriesRequest(useCaseId: $1), scope) },
      { _ = try await $0.listInvites(CatalogListInvitesRequest(useCaseId: $1), scope) },
      { _ = try await $0.listParticipants(CatalogListParticipantsRequest(useCaseId: $1), scope) },
      { _ = try await $0.joinUseCase(CatalogJoinUseCaseRequest(useCaseId: $1), scope) },
      {
        _ = try await $0.createInvites(
          CatalogCreateInvitesRequest(useCaseId: $1, emails: ["a@b.eu"]), scope)
      },
      {
        try await $0.downloadFile(
          CatalogDownloadFileRequest(useCaseId: $1, kind: .cover), scope
        ) { _ in }
      },
    ]
    for call in calls {
      let refusedHidden = await status { try await call(world.catalog, hidden) }
      let refusedMissing = await status { try await call(world.catalog, missing) }
      #expect(refusedHidden?.code == .notFound)
      let text = refusedHidden?.message.replacingOccurrences(of: hidden, with: missing)
      #expect(text == refusedMissing?.message)
    }
  }

  @Test("another's invite and metadataset do not exist either")
  func otherIDs() async throws {
    let world = try await World()
    let published = try await world.published()
    let invite = try #require(
      try await world.catalog.listInvites(
        CatalogListInvitesRequest(useCaseId: published.id), World.organiser
      ).invites.first)
    for call in [
      { _ = try await world.accept(invite, as: World.stranger) },
      {
        _ = try await world.catalog.revokeInvite(
          CatalogRevokeInviteRequest(id: invite.id), World.stranger)
      },
      {
        _ = try await world.catalog.resendInvite(
          CatalogResendInviteRequest(id: invite.id), World.stranger)
      },
      {
        _ = try await world.catalog.getMetadataset(
          CatalogGetMetadatasetRequest(id: published.content?.trainMetadatasetId ?? ""),
          World.stranger)
      },
    ] as [() async throws -> Void] {
      #expect(await status(of: call)?.code == .notFound)
    }
  }

  @Test("participants see no budget, no invites and nobody else's addresses")
  func privateFields() async throws {
    let world = try await World()
    let published = try await world.published(
      .public, inviting: ["ada@vendor.eu", "eve@rival.eu"])
    for scope in [World.vendor, World.rival] {
      _ = try await world.catalog.joinUseCase(
        CatalogJoinUseCaseRequest(useCaseId: published.id), scope)
    }
    let seen = try await world.get(published.id, as: World.vendor)
    #expect(seen.content?.budget == nil && seen.inviteCount == 0)
    #expect(seen.participantCount == 2)
    let staffSees = try await world.get(published.id, as: World.viewer)
    #expect(staffSees.content?.budget?.participants == 2 && staffSees.inviteCount == 2)
    let teams = try await world.catalog.listParticipants(
      CatalogListParticipantsRequest(useCaseId: published.id), World.vendor
    ).participants
    #expect(Set(teams.map(\.name)) == ["vendor", "rival"])
    #expect(teams.first { $0.name == "vendor" }?.emails == ["ada@vendor.eu"])
    #expect(teams.first { $0.name == "rival" }?.emails == [])
    #expect(teams.first { $0.name == "rival" }?.tenant == "")
    let invites = try await world.catalog.listInvites(
      CatalogListInvitesRequest(useCaseId: published.id), World.vendor
    ).invites
    #expect(invites.map(\.email) == ["ada@vendor.eu"])
  }

  @Test("participants see the training summary in full, of the test set nothing that tells answers")
  func metadatasets() async throws {
    let world = try await World()
    let published = try await world.published()
    func get(_ id: String?) async throws -> CatalogMetadataset {
      try await world.catalog.getMetadataset(
        CatalogGetMetadatasetRequest(id: id ?? ""), World.vendor)
    }
    let train = try await get(published.content?.trainMetadatasetId)
    #expect(train.classCounts == ["B": 70, "M": 50] && train.datasetId == "")
    let test = try await get(published.content?.testMetadatasetId)
    #expect(test.rowCount == 120 && test.classCounts.isEmpty && test.sha256 == "")
  }

  @Test("naming another's metadataset in an own draft shows nothing of it")
  func foreignMetadataset() async throws {
    let world = try await World()
    let own = try await world.register(.train)
    let draft = try await world.catalog.createUseCase(
      CatalogCreateUseCaseRequest(
        content: CatalogUseCaseContent(privacy: .public, trainMetadatasetId: own.id)),
      World.rival)
    let refused = await status {
      _ = try await world.catalog.getMetadataset(
        CatalogGetMetadatasetRequest(id: own.id), World.rival)
    }
    #expect(refused?.code == .notFound)
    let publishing = await status {
      _ = try await world.catalog.change(
        CatalogChangeStateRequest(id: draft.id), .publish, World.rival)
    }
    #expect(
      publishing?.details.fieldViolations.contains { $0.field == "train_metadataset_id" } == true)
  }

  @Test("whoever sees another's public use case may not change it")
  func notTheirs() async throws {
    let world = try await World()
    let published = try await world.published(.public, inviting: [])
    let refused = await status {
      _ = try await world.catalog.change(
        CatalogChangeStateRequest(id: published.id), .close, World.rival)
    }
    #expect(refused?.code == .permissionDenied)
  }
}

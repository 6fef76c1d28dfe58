import API
import CatalogDomain
import Identity
import RPC
import Testing

@testable import CatalogService

// The steps that most tests begin with.

extension World {
  func register(
    _ purpose: CatalogPurpose, as scope: TenantScope = organiser
  ) async throws -> CatalogMetadataset {
    var options = CallOptions()
    options.principal = Array("signed by \(scope.tenant)".utf8)
    let name = purpose == .train ? "train" : "truth"
    return try await catalog.registerMetadataset(
      CatalogRegisterMetadatasetRequest(
        name: name, purpose: purpose, datasetId: "dat_\(scope.tenant)_\(name)"), scope, options)
  }

  /// Content that may be published once somebody is invited.
  func completeContent(_ privacy: CatalogPrivacy = .private) async throws -> CatalogUseCaseContent {
    let train = try await register(.train)
    let test = try await register(.test)
    return CatalogUseCaseContent(
      title: "Breast cancer", task: .tabularClassification, privacy: privacy,
      trainMetadatasetId: train.id, testMetadatasetId: test.id,
      metric: CatalogMetricChoice(metric: "f1", parameters: ["average": "macro"]),
      description: "Tell malignant cells from benign ones.",
      budget: CatalogComputeBudget(participants: 2, gflopEach: 200_000_000),
      endTime: Google_Protobuf_Timestamp(unixMilliseconds: World.start + 100 * World.day))
  }

  func draft(_ privacy: CatalogPrivacy = .private) async throws -> CatalogUseCase {
    try await catalog.createUseCase(
      CatalogCreateUseCaseRequest(content: completeContent(privacy)), World.organiser)
  }

  /// A published use case; a private one has an invite for each of `emails`.
  func published(
    _ privacy: CatalogPrivacy = .private, inviting emails: [String] = ["ada@vendor.eu"]
  ) async throws -> CatalogUseCase {
    let draft = try await draft(privacy)
    if !emails.isEmpty { _ = try await invite(emails, to: draft.id) }
    return try await catalog.change(
      CatalogChangeStateRequest(id: draft.id), .publish, World.organiser)
  }

  func invite(_ emails: [String], to id: String) async throws -> [CatalogInvite] {
    try await catalog.createInvites(
      CatalogCreateInvitesRequest(useCaseId: id, emails: emails), World.organiser
    ).invites
  }

  func get(_ id: String, as scope: TenantScope) async throws -> CatalogUseCase {
    try await catalog.getUseCase(CatalogGetUseCaseRequest(id: id), scope)
  }

  /// Ids that a caller's list of use cases has.
  func listed(as scope: TenantScope) async throws -> [String] {
    try await catalog.listUseCases(CatalogListUseCasesRequest(), scope).useCases.map(\.id)
  }

  func accept(
    _ invite: CatalogInvite, as scope: TenantScope, _ name: String = ""
  ) async throws -> CatalogParticipant {
    try await catalog.acceptInvite(
      CatalogAcceptInviteRequest(id: invite.id, participantName: name), scope)
  }
}

/// Runs `body` and gives the status that a caller would be told.
func status(
  _ sourceLocation: SourceLocation = #_sourceLocation,
  of body: () async throws -> Void
) async -> RPCError? {
  do {
    try await body()
    Issue.record("it was not refused", sourceLocation: sourceLocation)
    return nil
  } catch {
    let status = StatusMap.status(of: error)
    if status == nil { Issue.record("no status: \(error)", sourceLocation: sourceLocation) }
    return status
  }
}

import API
import CatalogDomain
import Identity
import RPC
import ServiceKit

// Thin: who calls is taken from the verified principal, the work is in Operations/.

/// Serves assay.catalog.v1.UseCases.
struct UseCasesHandler: CatalogUseCasesService {
  let catalog: Catalog

  func createUseCase(
    _ request: CatalogCreateUseCaseRequest, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.createUseCase(request, context.scope())
  }

  func updateUseCase(
    _ request: CatalogUpdateUseCaseRequest, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.updateUseCase(request, context.scope())
  }

  func getUseCase(
    _ request: CatalogGetUseCaseRequest, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.getUseCase(request, context.scope())
  }

  func listUseCases(
    _ request: CatalogListUseCasesRequest, context: ServerContext
  ) async throws -> CatalogListUseCasesResponse {
    try await catalog.listUseCases(request, context.scope())
  }

  func cloneUseCase(
    _ request: CatalogCloneUseCaseRequest, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.cloneUseCase(request, context.scope())
  }

  func uploadFile(
    _ requests: MessageReader<CatalogUploadFileRequest>, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.uploadFile(context.scope()) { try await requests.next() }
  }

  func downloadFile(
    _ request: CatalogDownloadFileRequest,
    responses: MessageWriter<CatalogDownloadFileResponse>, context: ServerContext
  ) async throws {
    try await catalog.downloadFile(request, context.scope()) { try await responses.send($0) }
  }

  func quoteUseCase(
    _ request: CatalogQuoteUseCaseRequest, context: ServerContext
  ) async throws -> CatalogQuoteUseCaseResponse {
    try await catalog.quoteUseCase(request, context.scope(), context.callOptions)
  }

  func publishUseCase(
    _ request: CatalogChangeStateRequest, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.change(request, .publish, context.scope())
  }

  func pauseUseCase(
    _ request: CatalogChangeStateRequest, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.change(request, .pause, context.scope())
  }

  func resumeUseCase(
    _ request: CatalogChangeStateRequest, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.change(request, .resume, context.scope())
  }

  func closeUseCase(
    _ request: CatalogChangeStateRequest, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.change(request, .close, context.scope())
  }

  func archiveUseCase(
    _ request: CatalogChangeStateRequest, context: ServerContext
  ) async throws -> CatalogUseCase {
    try await catalog.change(request, .archive, context.scope())
  }

  func listAuditEntries(
    _ request: CatalogListAuditEntriesRequest, context: ServerContext
  ) async throws -> CatalogListAuditEntriesResponse {
    try await catalog.listAuditEntries(request, context.scope())
  }
}

/// Serves assay.catalog.v1.Metadatasets.
struct MetadatasetsHandler: CatalogMetadatasetsService {
  let catalog: Catalog

  func registerMetadataset(
    _ request: CatalogRegisterMetadatasetRequest, context: ServerContext
  ) async throws -> CatalogMetadataset {
    try await catalog.registerMetadataset(request, context.scope(), context.callOptions)
  }

  func getMetadataset(
    _ request: CatalogGetMetadatasetRequest, context: ServerContext
  ) async throws -> CatalogMetadataset {
    try await catalog.getMetadataset(request, context.scope())
  }

  func listMetadatasets(
    _ request: CatalogListMetadatasetsRequest, context: ServerContext
  ) async throws -> CatalogListMetadatasetsResponse {
    try await catalog.listMetadatasets(request, context.scope())
  }
}

/// Serves assay.catalog.v1.Invites.
struct InvitesHandler: CatalogInvitesService {
  let catalog: Catalog

  func createInvites(
    _ request: CatalogCreateInvitesRequest, context: ServerContext
  ) async throws -> CatalogCreateInvitesResponse {
    try await catalog.createInvites(request, context.scope())
  }

  func listInvites(
    _ request: CatalogListInvitesRequest, context: ServerContext
  ) async throws -> CatalogListInvitesResponse {
    try await catalog.listInvites(request, context.scope())
  }

  func resendInvite(
    _ request: CatalogResendInviteRequest, context: ServerContext
  ) async throws -> CatalogInvite {
    try await catalog.resendInvite(request, context.scope())
  }

  func revokeInvite(
    _ request: CatalogRevokeInviteRequest, context: ServerContext
  ) async throws -> CatalogInvite {
    try await catalog.revokeInvite(request, context.scope())
  }

  func acceptInvite(
    _ request: CatalogAcceptInviteRequest, context: ServerContext
  ) async throws -> CatalogParticipant {
    try await catalog.acceptInvite(request, context.scope())
  }

  func joinUseCase(
    _ request: CatalogJoinUseCaseRequest, context: ServerContext
  ) async throws -> CatalogParticipant {
    try await catalog.joinUseCase(request, context.scope())
  }

  func listParticipants(
    _ request: CatalogListParticipantsRequest, context: ServerContext
  ) async throws -> CatalogListParticipantsResponse {
    try await catalog.listParticipants(request, context.scope())
  }
}

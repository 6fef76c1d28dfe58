import API
import RPC

/// The other services, as far as the catalogue calls them.
public struct CatalogPeers: Sendable {
  /// A dataset's summary, asked for as the caller.
  public var dataset:
    @Sendable (EvaluationGetDatasetRequest, CallOptions) async throws -> EvaluationDataset
  /// A price, asked for as the caller.
  public var quote:
    @Sendable (ComputeQuoteRequest, CallOptions) async throws -> ComputeQuoteResponse
  /// Hands a snapshot to Evaluation, as this service.
  public var syncEvaluation: @Sendable (CatalogSyncUseCaseRequest) async throws -> Void
  /// Hands a snapshot to Compute, as this service.
  public var syncCompute: @Sendable (CatalogSyncUseCaseRequest) async throws -> Void

  public init(
    dataset:
      @escaping @Sendable (EvaluationGetDatasetRequest, CallOptions) async throws ->
      EvaluationDataset,
    quote:
      @escaping @Sendable (ComputeQuoteRequest, CallOptions) async throws ->
      ComputeQuoteResponse,
    syncEvaluation: @escaping @Sendable (CatalogSyncUseCaseRequest) async throws -> Void,
    syncCompute: @escaping @Sendable (CatalogSyncUseCaseRequest) async throws -> Void
  ) {
    self.dataset = dataset
    self.quote = quote
    self.syncEvaluation = syncEvaluation
    self.syncCompute = syncCompute
  }

  /// The services behind two channels. `own` gives the options of calls made as this service.
  public init(
    evaluation: Channel, compute: Channel, own: @escaping @Sendable () throws -> CallOptions
  ) {
    let datasets = EvaluationDatasetsClient(evaluation)
    let billing = ComputeBillingClient(compute)
    let evaluationSync = EvaluationEvaluationSyncClient(evaluation)
    let computeSync = ComputeComputeSyncClient(compute)
    self.init(
      dataset: { try await datasets.getDataset($0, options: $1) },
      quote: { try await billing.quote($0, options: $1) },
      syncEvaluation: { _ = try await evaluationSync.syncUseCase($0, options: own()) },
      syncCompute: { _ = try await computeSync.syncUseCase($0, options: own()) })
  }
}

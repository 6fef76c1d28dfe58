import API
import Identity
import RPC
import ServiceKit

/// `assay.compute.v1.Runs`.
struct RunsHandler: ComputeRunsService {
  let core: ComputeCore

  func startRun(
    _ request: ComputeStartRunRequest, context: ServerContext
  ) async throws -> ComputeRunBalance {
    try await core.startRun(request, context.identity())
  }

  func reportUsage(
    _ request: ComputeReportUsageRequest, context: ServerContext
  ) async throws -> ComputeRunBalance {
    try await core.reportUsage(request, context.identity())
  }

  func finishRun(
    _ request: ComputeFinishRunRequest, context: ServerContext
  ) async throws -> ComputeRunBalance {
    try await core.finishRun(request, context.identity())
  }

  func stopRun(
    _ request: ComputeStopRunRequest, context: ServerContext
  ) async throws -> ComputeRunBalance {
    try await core.stopRun(request, context.identity())
  }

  func pauseRun(
    _ request: ComputePauseRunRequest, context: ServerContext
  ) async throws -> ComputeRunBalance {
    try await core.pauseRun(request, context.identity())
  }

  func resumeRun(
    _ request: ComputeResumeRunRequest, context: ServerContext
  ) async throws -> ComputeRunBalance {
    try await core.resumeRun(request, context.identity())
  }

  func getRun(
    _ request: ComputeGetRunRequest, context: ServerContext
  ) async throws -> ComputeRunBalance {
    try await core.getRun(request.id, context.identity())
  }

  func listRuns(
    _ request: ComputeListRunsRequest, context: ServerContext
  ) async throws -> ComputeListRunsResponse {
    try await core.listRuns(request, context.identity())
  }

  func watchRun(
    _ request: ComputeWatchRunRequest, responses: MessageWriter<ComputeRunBalance>,
    context: ServerContext
  ) async throws {
    try await core.watchRun(request.runId, context.identity()) { try await responses.send($0) }
  }
}

extension ServerContext {
  /// Who calls what, for the core.
  func identity() throws -> CallIdentity {
    CallIdentity(try principal(), method: method.name, trace: trace.traceID)
  }
}

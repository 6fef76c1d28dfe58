import API
import Identity
import RPC
import ServiceKit

/// `assay.compute.v1.Runs`.
struct RunsHandler: ComputeRunsService {
  let core: ComputeCore

  func startRun(
    _ request: ComputeStartRunRequest, context: ServerContext,
    answer: Answer<ComputeRunBalance>
  ) throws {
    try core.startRun(request, context.identity(), answer)
  }

  func reportUsage(
    _ request: ComputeReportUsageRequest, context: ServerContext,
    answer: Answer<ComputeRunBalance>
  ) throws {
    try core.reportUsage(request, context.identity(), answer)
  }

  func finishRun(
    _ request: ComputeFinishRunRequest, context: ServerContext,
    answer: Answer<ComputeRunBalance>
  ) throws {
    try core.finishRun(request, context.identity(), answer)
  }

  func stopRun(
    _ request: ComputeStopRunRequest, context: ServerContext,
    answer: Answer<ComputeRunBalance>
  ) throws {
    try core.stopRun(request, context.identity(), answer)
  }

  func pauseRun(
    _ request: ComputePauseRunRequest, context: ServerContext,
    answer: Answer<ComputeRunBalance>
  ) throws {
    try core.pauseRun(request, context.identity(), answer)
  }

  func resumeRun(
    _ request: ComputeResumeRunRequest, context: ServerContext,
    answer: Answer<ComputeRunBalance>
  ) throws {
    try core.resumeRun(request, context.identity(), answer)
  }

  func getRun(
    _ request: ComputeGetRunRequest, context: ServerContext,
    answer: Answer<ComputeRunBalance>
  ) throws {
    try core.getRun(request.id, context.identity(), answer)
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

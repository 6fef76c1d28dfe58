import API
import RPC

@testable import ComputeService

// The commands of runs for tests, which wait for their answers.

extension ComputeCore {
  func startRun(
    _ request: ComputeStartRunRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    try await Answer.wait { try startRun(request, call, $0) }
  }

  func reportUsage(
    _ request: ComputeReportUsageRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    try await Answer.wait { try reportUsage(request, call, $0) }
  }

  func finishRun(
    _ request: ComputeFinishRunRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    try await Answer.wait { try finishRun(request, call, $0) }
  }

  func stopRun(
    _ request: ComputeStopRunRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    try await Answer.wait { try stopRun(request, call, $0) }
  }

  func pauseRun(
    _ request: ComputePauseRunRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    try await Answer.wait { try pauseRun(request, call, $0) }
  }

  func resumeRun(
    _ request: ComputeResumeRunRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    try await Answer.wait { try resumeRun(request, call, $0) }
  }

  func getRun(_ id: String, _ call: CallIdentity) async throws -> ComputeRunBalance {
    try await Answer.wait { getRun(id, call, $0) }
  }
}

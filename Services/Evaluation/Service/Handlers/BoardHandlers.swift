import API
import EvaluationDomain
import Identity
import Metrics
import RPC
import ServiceKit
import Storage

/// Ranks a use case's participants.
struct LeaderboardsHandler: EvaluationLeaderboardsService {
  let database: Database

  func getLeaderboard(
    _ request: EvaluationGetLeaderboardRequest, context: ServerContext
  ) async throws -> EvaluationGetLeaderboardResponse {
    let scope = try context.scope()
    let found = try await database.read { db -> (StoredUseCase, [BoardSubmission])? in
      guard let visible = try UseCaseTable.find(db, id: request.useCaseId, scope: scope) else {
        return nil
      }
      return (visible.useCase, try SubmissionTable.board(db, of: visible.useCase))
    }
    guard let (useCase, submissions) = found else {
      throw RPCError.notFound("use case", request.useCaseId)
    }
    let metric = try useCase.catalogueMetric()
    let entries = Leaderboard.rank(submissions, direction: metric.direction)
    return EvaluationGetLeaderboardResponse(
      useCaseId: useCase.id, title: useCase.title, metric: useCase.metric,
      direction: metric.direction.wireName,
      entries: entries.map(EvaluationLeaderboardEntry.init))
  }
}

extension StoredUseCase {
  /// The metric that ranks, from the catalogue alone.
  func catalogueMetric() throws -> MetricDescription {
    guard let task = MetricTask(task) else {
      throw RPCError.failedPrecondition("the use case has no task that this service knows")
    }
    do throws(MetricError) {
      return try MetricsCatalogue.metric(metric.metric, of: task)
    } catch {
      throw RPCError.failedPrecondition("the use case's metric cannot be used: \(error.message)")
    }
  }
}

extension EvaluationLeaderboardEntry {
  init(_ entry: BoardEntry) {
    let reason: String
    switch entry.best.outcome {
    case .value: reason = ""
    case .undefined(let why): reason = why
    case .pending: reason = "not scored yet"
    case .failed: reason = "no submission could be scored"
    }
    self.init(
      rank: Int32(entry.rank), participantId: entry.best.participant,
      participantName: entry.best.participantName, submissionId: entry.best.id,
      score: entry.score, undefinedReason: reason,
      submitTime: Google_Protobuf_Timestamp(unixMilliseconds: entry.best.submitTime),
      submissionCount: Int32(entry.submissionCount))
  }
}

/// Shows who submits and when.
struct MonitorHandler: EvaluationMonitorService {
  let database: Database

  func getActivity(
    _ request: EvaluationGetActivityRequest, context: ServerContext
  ) async throws -> EvaluationGetActivityResponse {
    let scope = try context.scope()
    let activity = try await database.read { db -> Activity? in
      guard let visible = try UseCaseTable.find(db, id: request.useCaseId, scope: scope) else {
        return nil
      }
      switch visible.relation {
      case .staff:
        return try SubmissionTable.activity(db, useCase: request.useCaseId, participant: nil)
      case .member(let participant):
        return try SubmissionTable.activity(
          db, useCase: request.useCaseId, participant: participant)
      case .visitor:
        return nil
      }
    }
    guard let activity else { throw RPCError.notFound("use case", request.useCaseId) }
    return EvaluationGetActivityResponse(
      days: activity.days.map(EvaluationDailySubmissions.init),
      users: activity.users.map(EvaluationUserActivity.init))
  }
}

extension EvaluationDailySubmissions {
  init(_ day: DailyActivity) {
    self.init(
      date: day.day.description, submissions: Int32(day.submissions), scored: Int32(day.scored),
      failed: Int32(day.failed), activeUsers: Int32(day.activeUsers))
  }
}

extension EvaluationUserActivity {
  init(_ user: UserActivityCount) {
    self.init(
      participantName: user.participantName, email: user.email,
      submissions: Int32(user.submissions),
      lastSubmitTime: Google_Protobuf_Timestamp(unixMilliseconds: user.lastSubmitTime))
  }
}

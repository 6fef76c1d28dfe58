import API

/// `assay leaderboard` and `activity`: what the organiser watches.
enum BoardCommands {
  static let all = [leaderboard, activity]

  static let leaderboard = Command(
    "leaderboard", "Show the ranking of a use case",
    arguments: [UseCaseCommands.useCaseArgument], options: [Option(flag: "csv", "print CSV")],
    examples: ["assay leaderboard uc_abcdefghijklmnop", "assay leaderboard \"Tumour type\" --csv"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let board = try await call.session.leaderboards.getLeaderboard(
      EvaluationGetLeaderboardRequest(useCaseId: id), options: call.session.callOptions)
    let table = Table(
      ["#rank", "participant", "score", "#submissions", "submitted", "submission"], board.entries
    ) {
      [
        $0.rank == 0 ? "–" : String($0.rank), $0.participantName,
        $0.score.map { String($0) } ?? $0.undefinedReason, String($0.submissionCount),
        UTCTime.text($0.submitTime), $0.submissionId,
      ]
    }
    let heading =
      "\(Printable.text(board.title)): \(UseCaseText.metric(board.metric)), \(direction(board))"
    let body = table.rows.isEmpty ? "no submissions yet" : table.text
    return Answer(
      text: heading + "\n" + body, json: JSON.of(board), table: table, message: board
    ).csv(call.arguments.has("csv"))
  }

  static let activity = Command(
    "activity", "Show submissions by day and by user",
    arguments: [UseCaseCommands.useCaseArgument],
    options: [Option(flag: "csv", "print the days as CSV")],
    examples: ["assay activity uc_abcdefghijklmnop"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let activity = try await call.session.monitor.getActivity(
      EvaluationGetActivityRequest(useCaseId: id), options: call.session.callOptions)
    let days = Table(
      ["date", "#submissions", "#scored", "#failed", "#active users"], activity.days
    ) {
      [
        $0.date, String($0.submissions), String($0.scored), String($0.failed),
        String($0.activeUsers),
      ]
    }
    let users = Table(["participant", "e-mail", "#submissions", "last"], activity.users) {
      [$0.participantName, $0.email, String($0.submissions), UTCTime.text($0.lastSubmitTime)]
    }
    let text = activity.days.isEmpty ? "no activity yet" : days.text + "\n\n" + users.text
    return Answer(text: text, json: JSON.of(activity), table: days, message: activity)
      .csv(call.arguments.has("csv"))
  }

  private static func direction(_ board: EvaluationGetLeaderboardResponse) -> String {
    switch board.direction {
    case "higher": "higher is better"
    case "lower": "lower is better"
    default: "nearer to zero is better"
    }
  }
}

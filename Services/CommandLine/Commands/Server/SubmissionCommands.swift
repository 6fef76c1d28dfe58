import API
import Foundation

/// `assay submit` and `submission …`: predictions and their scores.
enum SubmissionCommands {
  static let all = [submit, show, list, watch]

  private static let submissionArgument = Argument("SUBMISSION", "id of the submission")

  static let submit = Command(
    "submit", "Submit a predictions file",
    details: """
      The file is checked against the truth's ids and labels before it is accepted: a file at fault
      is refused with line and column and costs none of your submissions. With --wait the command
      ends when the file is scored; it exits with 1 when scoring failed.
      """,
    arguments: [Argument("FILE", "CSV with a heading line; columns depend on the task")],
    options: [
      Option("use-case", "USE_CASE", "id or exact title", required: true),
      Option("note", "TEXT", "what was predicted with"),
      Option(flag: "wait", "wait for the score"),
      Option("idempotency-key", "TEXT", "the same key and file again is the same submission"),
    ],
    examples: ["assay submit predictions.csv --use-case uc_abcdefghijklmnop --wait"]
  ) { call in
    let upload = try Upload(call.arguments.argument("FILE"), console: call.console)
    let header = EvaluationSubmitRequest.Header(
      useCaseId: try await call.session.useCaseID(call.arguments.text("use-case")),
      note: call.arguments.text("note"), fileName: upload.file.name,
      idempotencyKey: call.arguments["idempotency-key"] ?? UUID().uuidString.lowercased())
    let response = try await upload.naming {
      try await call.session.submissions.submit(options: call.session.callOptions) { writer in
        try await upload.send(
          to: writer, header: EvaluationSubmitRequest(part: .header(header)),
          chunk: { EvaluationSubmitRequest(part: .chunk($0)) })
      }
    }
    guard call.arguments.has("wait") else {
      let text = SubmissionText.full(response.submission ?? EvaluationSubmission())
      return Answer(response, text: [text, allowance(response)].joined(separator: "\n"))
    }
    call.console.err(allowance(response) + "\n")
    return try await follow(response.submission?.id ?? "", call, showsSteps: false)
  }

  static let show = Command(
    "submission show", "Show a submission with all its scores", arguments: [submissionArgument],
    examples: ["assay submission show sub_abcdefghijklmnop"]
  ) { call in
    let submission = try await call.session.submissions.getSubmission(
      EvaluationGetSubmissionRequest(id: call.arguments.argument("SUBMISSION")),
      options: call.session.callOptions)
    return Answer(submission, text: SubmissionText.full(submission))
  }

  static let list = Command(
    "submission list", "List submissions: your own, or, for the organiser, all",
    arguments: [UseCaseCommands.useCaseArgument], options: [Option(flag: "csv", "print CSV")],
    examples: ["assay submission list uc_abcdefghijklmnop --csv"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let submissions = try await Pages.all { token in
      let page = try await call.session.submissions.listSubmissions(
        EvaluationListSubmissionsRequest(useCaseId: id, pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.submissions, page.nextPageToken)
    }
    let table = Table(
      ["id", "participant", "state", "#score", "submitted", "by", "note"], submissions
    ) {
      [
        $0.id, $0.participantName, SubmissionText.state($0), SubmissionText.score($0.primary),
        UTCTime.text($0.submitTime), $0.submittedBy, $0.note,
      ]
    }
    return Answer(
      EvaluationListSubmissionsResponse(submissions: submissions), table, none: "no submissions"
    ).csv(call.arguments.has("csv"))
  }

  static let watch = Command(
    "submission watch", "Follow a submission until it is scored or failed",
    arguments: [submissionArgument], examples: ["assay submission watch sub_abcdefghijklmnop"]
  ) { call in
    try await follow(call.arguments.argument("SUBMISSION"), call, showsSteps: true)
  }

  /// Waits for the end; a submission that failed is a refusal.
  private static func follow(
    _ id: String, _ call: Invocation, showsSteps: Bool
  ) async throws -> Answer {
    let isJSON = call.arguments.has("json")
    let last = try await call.session.submissions.watchSubmission(
      EvaluationWatchSubmissionRequest(id: id), options: call.session.callOptions
    ) { states in
      var last = EvaluationSubmission()
      while let state = try await states.next() {
        last = state
        guard state.state == .queued || state.state == .running else { break }
        if showsSteps {
          let line = isJSON ? JSON.of(state) : "\(state.id)  \(SubmissionText.state(state))"
          call.console.out(line + "\n")
        } else {
          call.console.err("\(state.id)  \(SubmissionText.state(state))\n")
        }
      }
      return last
    }
    guard last.state == .scored else {
      throw CommandFailure("\(id) is \(SubmissionText.state(last))")
    }
    return Answer(last, text: SubmissionText.full(last))
  }

  private static func allowance(_ response: EvaluationSubmitResponse) -> String {
    guard let allowance = response.allowance else { return "" }
    let today = allowance.leftToday < 0 ? "any number" : String(allowance.leftToday)
    let total = allowance.leftTotal < 0 ? "" : ", \(allowance.leftTotal) in all"
    let reset = UTCTime.text(allowance.resetTime)
    return "submissions left today: \(today)\(total)" + (reset.isEmpty ? "" : ", reset at \(reset)")
  }
}

/// Submissions in words.
enum SubmissionText {
  static func full(_ submission: EvaluationSubmission) -> String {
    var facts = Facts()
    facts.add("submission", submission.id)
    facts.add("use case", submission.useCaseId)
    facts.add("participant", submission.participantName)
    facts.add("by", submission.submittedBy)
    facts.add("note", submission.note)
    facts.add("state", state(submission))
    facts.add("rows", String(submission.rowCount))
    facts.add("submitted", UTCTime.text(submission.submitTime))
    facts.add("scored", UTCTime.text(submission.scoreTime))
    if let primary = submission.primary { facts.add(name(primary), score(primary)) }
    guard !submission.further.isEmpty else { return facts.text }
    let table = Table(["further metric", "#value", "note"], submission.further) {
      [name($0), $0.value.map { String($0) } ?? "–", [$0.undefinedReason, $0.error].joined()]
    }
    return facts.text + "\n\n" + table.text
  }

  /// `queued (place 3)`, `failed (…)`.
  static func state(_ submission: EvaluationSubmission) -> String {
    let name = EnumName.text(submission.state)
    if submission.state == .queued, submission.queuePosition > 0 {
      return "\(name) (place \(submission.queuePosition))"
    }
    return submission.stateReason.isEmpty ? name : "\(name) (\(submission.stateReason))"
  }

  /// The value in full, or why there is none.
  static func score(_ score: EvaluationScore?) -> String {
    guard let score else { return "" }
    if let value = score.value { return String(value) }
    return score.undefinedReason.isEmpty ? score.error : "undefined: \(score.undefinedReason)"
  }

  private static func name(_ score: EvaluationScore) -> String {
    score.metric + UseCaseText.parameters(score.parameters.dictionary)
  }
}

import API
import RPC

/// `assay use-case …`: defining use cases and steering them.
enum UseCaseCommands {
  static let all =
    [create, update, show, list, clone, quote]
    + [
      changeState("publish", "Check the draft as a whole and go live; invites are sent") {
        try await $0.publishUseCase($1, options: $2)
      },
      changeState("pause", "Take no runs and submissions for now") {
        try await $0.pauseUseCase($1, options: $2)
      },
      changeState("resume", "Go on after a pause") { try await $0.resumeUseCase($1, options: $2) },
      changeState("close", "End it: boards and bills stay, nothing new is taken") {
        try await $0.closeUseCase($1, options: $2)
      },
    ] + UseCaseFileCommands.all + [audit]

  /// The one positional argument that most of these have.
  static let useCaseArgument = Argument("USE_CASE", "id, or exact title where only one has it")

  static let create = Command(
    "use-case create", "Create a use case by its four steps, saved as a draft",
    details: """
      Anything may be left out of a draft and given later with `assay use-case update`; `publish`
      checks the whole and lists every field at fault.
      """,
    options: UseCaseForm.options,
    examples: [
      """
      assay use-case create --title "Tumour type" --task tabular-classification \\
          --privacy private --train mds_… --test mds_… --metric f1 --param average=macro \\
          --description @about.md --participants 10 --pflop 200 --end 2026-12-31 \\
          --invite vendor@aurora.example
      """
    ]
  ) { call in
    var content = CatalogUseCaseContent()
    _ = try UseCaseForm.apply(call.arguments, to: &content)
    let files = try UseCaseFiles(call)
    let created = try await call.session.useCases.createUseCase(
      CatalogCreateUseCaseRequest(content: content), options: call.session.callOptions)
    call.console.err("draft \(created.id) saved\n")
    return try await finish(created.id, files, call)
  }

  static let update = Command(
    "use-case update", "Change what is given, leave the rest; refused if another changed it too",
    arguments: [useCaseArgument], options: UseCaseForm.options,
    examples: ["assay use-case update uc_abcdefghijklmnop --participants 12 --end 2027-01-31"]
  ) { call in
    let files = try UseCaseFiles(call)
    let now = try await call.session.useCase(call.arguments.argument("USE_CASE"))
    var content = now.content ?? CatalogUseCaseContent()
    let mask = try UseCaseForm.apply(call.arguments, to: &content)
    if !mask.isEmpty {
      _ = try await call.session.useCases.updateUseCase(
        CatalogUpdateUseCaseRequest(
          id: now.id, etag: now.etag, content: content, updateMask: mask),
        options: call.session.callOptions)
    }
    return try await finish(now.id, files, call)
  }

  static let show = Command(
    "use-case show", "Show one use case with all that you may see of it",
    arguments: [useCaseArgument], examples: ["assay use-case show uc_abcdefghijklmnop"]
  ) { call in
    let useCase = try await call.session.useCase(call.arguments.argument("USE_CASE"))
    return Answer(useCase, text: UseCaseText.full(useCase))
  }

  static let list = Command(
    "use-case list", "List the use cases that you may see",
    options: [
      Option("search", "WORDS", "words that title or description must contain"),
      Option("task", "TASK", "only of this task"),
      Option("state", "STATE", "only in this state: draft, published, paused, closed, archived"),
      Option(flag: "own", "only your own tenant's"),
    ],
    examples: ["assay use-case list --task tabular-classification --state published"]
  ) { call in
    let first = CatalogListUseCasesRequest(
      pageSize: Pages.size, search: call.arguments.text("search"),
      task: try call.arguments.choice("task") ?? .unspecified,
      state: try call.arguments.choice("state") ?? .unspecified, own: call.arguments.has("own"))
    let useCases = try await Pages.all { token in
      var request = first
      request.pageToken = token
      let page = try await call.session.useCases.listUseCases(
        request, options: call.session.callOptions)
      return (page.useCases, page.nextPageToken)
    }
    let table = Table(
      ["id", "title", "tenant", "task", "privacy", "state", "#participants", "end"], useCases
    ) {
      [
        $0.id, $0.content?.title ?? "", $0.tenant, EnumName.text($0.content?.task ?? .unspecified),
        EnumName.text($0.content?.privacy ?? .unspecified), EnumName.text($0.state),
        String($0.participantCount), UTCTime.text($0.content?.endTime),
      ]
    }
    return Answer(CatalogListUseCasesResponse(useCases: useCases), table, none: "no use cases")
  }

  static let clone = Command(
    "use-case clone", "Make a new draft of yours from one that you may see",
    arguments: [useCaseArgument], options: [Option("title", "TEXT", "the draft's title")],
    examples: ["assay use-case clone uc_abcdefghijklmnop --title \"Tumour type, second round\""]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let useCase = try await call.session.useCases.cloneUseCase(
      CatalogCloneUseCaseRequest(id: id, title: call.arguments.text("title")),
      options: call.session.callOptions)
    return Answer(useCase, text: UseCaseText.full(useCase))
  }

  static let quote = Command(
    "use-case quote", "Say what the budget would cost at the price now in force",
    arguments: [useCaseArgument], examples: ["assay use-case quote uc_abcdefghijklmnop"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let quote = try await call.session.useCases.quoteUseCase(
      CatalogQuoteUseCaseRequest(id: id), options: call.session.callOptions)
    let text = Euro.quote(
      participants: quote.participants, gflopEach: quote.gflopEach, gflopTotal: quote.gflopTotal,
      nanoEuroPerGFLOP: quote.nanoEuroPerGflop, eurTotal: quote.eurTotal)
    return Answer(quote, text: text)
  }

  static let audit = Command(
    "use-case audit", "List every owner action, each chained by hash to the one before",
    arguments: [useCaseArgument], options: [Option(flag: "csv", "print CSV")],
    examples: ["assay use-case audit uc_abcdefghijklmnop"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let entries = try await Pages.all { token in
      let page = try await call.session.useCases.listAuditEntries(
        CatalogListAuditEntriesRequest(useCaseId: id, pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.entries, page.nextPageToken)
    }
    let table = Table(["#number", "time", "actor", "action", "detail", "sha256"], entries) {
      [String($0.sequence), UTCTime.text($0.time), $0.actor, $0.action, $0.detail, $0.sha256]
    }
    return Answer(CatalogListAuditEntriesResponse(entries: entries), table, none: "no entries")
      .csv(call.arguments.has("csv"))
  }

  private typealias StateChange =
    @Sendable (
      CatalogUseCasesClient, CatalogChangeStateRequest, CallOptions
    ) async throws -> CatalogUseCase

  private static func changeState(
    _ verb: String, _ summary: String, _ change: @escaping StateChange
  ) -> Command {
    Command(
      "use-case \(verb)", summary, arguments: [useCaseArgument],
      examples: ["assay use-case \(verb) uc_abcdefghijklmnop"]
    ) { call in
      let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
      let useCase = try await change(
        call.session.useCases, CatalogChangeStateRequest(id: id), call.session.callOptions)
      let title = useCase.content?.title ?? ""
      return Answer(
        useCase, text: "\(useCase.id) \(quoted(title)): \(EnumName.text(useCase.state))")
    }
  }

  /// Uploads the files and sends the invites of a use case, then shows it as it is now.
  private static func finish(
    _ id: String, _ files: UseCaseFiles, _ call: Invocation
  ) async throws -> Answer {
    try await files.upload(to: id, call)
    let emails = call.arguments.separated("invite")
    if !emails.isEmpty {
      _ = try await call.session.invites.createInvites(
        CatalogCreateInvitesRequest(useCaseId: id, emails: emails),
        options: call.session.callOptions)
    }
    let useCase = try await call.session.useCase(id)
    return Answer(useCase, text: UseCaseText.full(useCase))
  }
}

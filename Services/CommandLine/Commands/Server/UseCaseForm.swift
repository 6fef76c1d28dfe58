import API

/// The four steps of a use case as options: what `create` and `update` take alike.
enum UseCaseForm {
  static let options: [Option] = [
    Option("title", "TEXT", "step 1: the title"),
    Option("cover", "FILE", "step 1: cover image, JPEG or PNG, at most 25 MB"),
    Option("task", "TASK", "step 1: such as tabular-classification; see `assay metrics`"),
    Option("privacy", "PRIVACY", "step 1: who sees it", choices: ["private", "public"]),
    Option("train", "METADATASET", "step 2: id of the training metadataset"),
    Option("test", "METADATASET", "step 2: id of the test metadataset, which scores are made on"),
    Option("metric", "METRIC", "step 2: the score, such as f1; see `assay metrics --task TASK`"),
    Option("param", "NAME=VALUE", "step 2: a parameter of the metric", repeats: true),
    Option("notebook", "FILE", "step 2: EDA notebook, .ipynb"),
    Option("description", "TEXT", "step 3: Markdown, or @FILE"),
    Option("invite", "EMAIL", "step 4: whom to invite once published", repeats: true),
    Option("participants", "N", "step 4: how many participants the budget is for"),
    Option("pflop", "N", "step 4: PFLOP for each participant, exact to six decimals"),
    Option("start", "TIME", "step 4: first instant, such as 2026-12-01 or 2026-12-01T08:00:00Z"),
    Option("end", "TIME", "step 4: the instant from which nothing is taken any more"),
    Option("per-day", "N", "step 4: submissions per participant and UTC day (5)"),
    Option("total", "N", "step 4: submissions per participant in all (no limit)"),
    Option("concurrent", "N", "step 4: submissions waiting at once per participant (2)"),
  ]

  /// Puts what was given into `content`.
  ///
  /// - Returns: the names of the fields that were given, as an update mask has them.
  static func apply(_ arguments: Arguments, to content: inout CatalogUseCaseContent) throws
    -> [String]
  {
    var mask: [String] = []
    try applyBasics(arguments, to: &content, &mask)
    try applyData(arguments, to: &content, &mask)
    try applyConstraints(arguments, to: &content, &mask)
    return mask
  }

  private static func applyBasics(
    _ arguments: Arguments, to content: inout CatalogUseCaseContent, _ mask: inout [String]
  ) throws {
    if let title = arguments["title"] {
      content.title = title
      mask.append("title")
    }
    if let task: CatalogTask = try arguments.choice("task") {
      content.task = task
      mask.append("task")
    }
    if let privacy: CatalogPrivacy = try arguments.choice("privacy") {
      content.privacy = privacy
      mask.append("privacy")
    }
    if let description = arguments["description"] {
      content.description = try LocalFile.textOrFile(description)
      mask.append("description")
    }
  }

  private static func applyData(
    _ arguments: Arguments, to content: inout CatalogUseCaseContent, _ mask: inout [String]
  ) throws {
    if let train = arguments["train"] {
      content.trainMetadatasetId = train
      mask.append("train_metadataset_id")
    }
    if let test = arguments["test"] {
      content.testMetadatasetId = test
      mask.append("test_metadataset_id")
    }
    guard arguments.has("metric") || arguments.has("param") else { return }
    var choice = content.metric ?? CatalogMetricChoice()
    if let metric = arguments["metric"] {
      // Another metric has other parameters.
      if metric != choice.metric { choice.parameters = [:] }
      choice.metric = metric
    }
    for (name, value) in try arguments.pairs("param") { choice.parameters[name] = value }
    content.metric = choice
    mask.append("metric")
  }

  private static func applyConstraints(
    _ arguments: Arguments, to content: inout CatalogUseCaseContent, _ mask: inout [String]
  ) throws {
    if arguments.has("participants") || arguments.has("pflop") {
      var budget = content.budget ?? CatalogComputeBudget()
      budget.participants =
        try arguments.integer("participants", in: 1...Int32.max) ?? budget.participants
      budget.gflopEach = try arguments.pflop("pflop") ?? budget.gflopEach
      content.budget = budget
      mask.append("budget")
    }
    if let start = try arguments.time("start") {
      content.startTime = start
      mask.append("start_time")
    }
    if let end = try arguments.time("end") {
      content.endTime = end
      mask.append("end_time")
    }
    guard ["per-day", "total", "concurrent"].contains(where: arguments.has) else { return }
    var limits = content.limits ?? CatalogSubmissionLimits()
    limits.perDay = try arguments.integer("per-day", in: 1...Int32.max) ?? limits.perDay
    limits.total = try arguments.integer("total", in: 0...Int32.max) ?? limits.total
    limits.concurrent = try arguments.integer("concurrent", in: 1...Int32.max) ?? limits.concurrent
    content.limits = limits
    mask.append("limits")
  }
}

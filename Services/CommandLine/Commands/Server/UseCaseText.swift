import API

/// Use cases in words.
enum UseCaseText {
  /// Everything about one, a fact a line.
  static func full(_ useCase: CatalogUseCase) -> String {
    let content = useCase.content ?? CatalogUseCaseContent()
    var facts = Facts()
    facts.add("use case", useCase.id)
    facts.add("title", content.title)
    facts.add("tenant", useCase.tenant)
    facts.add("state", EnumName.text(useCase.state))
    facts.add("task", content.task == .unspecified ? "" : EnumName.text(content.task))
    facts.add("privacy", content.privacy == .unspecified ? "" : EnumName.text(content.privacy))
    facts.add("cover", file(useCase.cover))
    facts.add("training data", content.trainMetadatasetId)
    facts.add("test data", content.testMetadatasetId)
    facts.add("metric", metric(content.metric))
    facts.add("notebook", file(useCase.notebook))
    facts.add("budget", budget(content.budget))
    facts.add("limits", limits(content.limits))
    facts.add("start", UTCTime.text(content.startTime))
    facts.add("end", UTCTime.text(content.endTime))
    facts.add("invites", useCase.inviteCount > 0 ? String(useCase.inviteCount) : "")
    facts.add("participants", String(useCase.participantCount))
    facts.add("published", UTCTime.text(useCase.publishTime))
    let description = content.description
    return description.isEmpty ? facts.text : facts.text + "\n\n" + lines(description)
  }

  /// `f1 (average=macro)`.
  static func metric(_ choice: CatalogMetricChoice?) -> String {
    guard let choice, !choice.metric.isEmpty else { return "" }
    return choice.metric + parameters(choice.parameters.dictionary)
  }

  /// ` (average=macro)`, or empty.
  static func parameters(_ parameters: [String: String]) -> String {
    guard !parameters.isEmpty else { return "" }
    let pairs = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return " (" + pairs.joined(separator: ", ") + ")"
  }

  private static func budget(_ budget: CatalogComputeBudget?) -> String {
    guard let budget else { return "" }
    return "\(budget.participants) participants × \(PFLOP.text(gflop: budget.gflopEach)) PFLOP"
  }

  private static func limits(_ limits: CatalogSubmissionLimits?) -> String {
    guard let limits else { return "" }
    let perDay = limits.perDay == 0 ? 5 : limits.perDay
    let concurrent = limits.concurrent == 0 ? 2 : limits.concurrent
    let total = limits.total == 0 ? "" : ", \(limits.total) in all"
    return "\(perDay) submissions a day, \(concurrent) at once\(total)"
  }

  private static func file(_ file: CatalogFileReference?) -> String {
    guard let file else { return "" }
    let pixels = file.width > 0 ? ", \(file.width) × \(file.height)" : ""
    return "\(file.name) (\(file.mediaType), \(Bytes.text(file.sizeBytes))\(pixels))"
  }

  /// Markdown keeps its lines; each is made printable by itself.
  private static func lines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { Printable.text(String($0)) }.joined(separator: "\n")
  }
}

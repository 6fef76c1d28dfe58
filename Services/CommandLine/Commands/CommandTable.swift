/// Every command there is, in the order in which help lists them.
enum CommandTable {
  static let all: [Command] =
    LoginCommands.all + TenantCommands.all + KeyCommands.all + DatasetCommands.all
    + UseCaseCommands.all + InviteCommands.all + RunCommands.all + SubmissionCommands.all
    + BoardCommands.all + BudgetCommands.all + LedgerCommands.all + BillingCommands.all
    + PriceCommands.all + InvoiceCommands.all
    + ScoreCommand.all + MetricsCommand.all + CallCommand.all + DemoCommand.all
}

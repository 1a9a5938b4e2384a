using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace LifecycleManager.Console.Clients;

/// <summary>What the console asks of the manager.</summary>
/// <param name="client">Null where the console was not told of a manager.</param>
public sealed class ManagerClient(HttpClient? client)
{
    /// <summary>Whether there is a manager to ask.</summary>
    public bool IsKnown => client is not null;

    /// <summary>The newest decisions, newest first.</summary>
    public async Task<IReadOnlyList<DecisionRow>> DecisionsAsync(string? app, int limit, CancellationToken cancellation)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"v1/decisions?limit={limit}")
            + (app is null ? "" : "&app=" + Uri.EscapeDataString(app));
        return [.. List(await GetAsync(path, cancellation), "decisions").Select(decision => new DecisionRow(
            Time(decision, "at"), Text(decision, "app"), Text(decision, "policy"), TextOrNone(decision, "rule"),
            Number(decision, "from"),
            Number(decision, "to"), Text(decision, "reason"), Text(decision, "outcome"),
            decision.TryGetProperty("dryRun", out var dry) && dry.ValueKind == JsonValueKind.True))];
    }

    /// <summary>The policies and budgets in force, and what is wrong with their files.</summary>
    public async Task<PolicyPage> PoliciesAsync(CancellationToken cancellation)
    {
        var answer = await GetAsync("v1/policies", cancellation);
        return new PolicyPage(
            [.. List(answer, "policies").Select(policy => new PolicyRow(
                Text(policy, "name"), Text(policy, "app"), Text(policy, "file"), Number(policy, "min"), Number(policy, "max"),
                [.. List(policy, "findings").Select(finding => Text(finding, "message"))]))],
            [.. List(answer, "budgets").SelectMany(Budget)],
            [.. List(answer, "files").SelectMany(file => List(file, "problems"), (file, problem) =>
                $"{Text(file, "file")}:{Text(problem, "line")}:{Text(problem, "column")}: "
                + $"{Text(problem, "severity")}: {Text(problem, "message")}")]);
    }

    /// <summary>The scraped targets.</summary>
    public async Task<IReadOnlyList<TargetRow>> TargetsAsync(CancellationToken cancellation) =>
        [.. List(await GetAsync("v1/targets", cancellation), "targets").Select(target => new TargetRow(
            TextOrNone(target, "app"), TextOrNone(target, "instance"), TextOrNone(target, "address"), Text(target, "state"),
            TextOrNone(target, "lastError")))];

    /// <summary>A row for each thing that a budget limits.</summary>
    private static IEnumerable<BudgetRow> Budget(JsonElement budget)
    {
        var used = budget.TryGetProperty("used", out var known) ? known : (JsonElement?)null;
        foreach (var (field, unit) in ((string, string)[])
            [("instances", "instances"), ("cpus", "cpus"), ("memory", "MB"), ("cost", "an hour")])
        {
            if (budget.TryGetProperty(field, out var allowed))
            {
                yield return new BudgetRow(Text(budget, "name"), Text(budget, "apps"), unit, allowed.GetDouble(),
                    used is { } uses && uses.TryGetProperty(field, out var amount) ? amount.GetDouble() : null);
            }
        }
    }

    private async Task<JsonElement> GetAsync(string path, CancellationToken cancellation) =>
        client is null
            ? throw new HttpRequestException("the console was not told where the manager is")
            : await client.GetFromJsonAsync<JsonElement>(path, cancellation);

    private static JsonElement.ArrayEnumerator List(JsonElement answer, string name) => answer.GetProperty(name).EnumerateArray();

    // A field that every answer has and this one has not is another make's, or a mistake of ours: said, not shown as nothing.
    private static string Text(JsonElement element, string name) => Field(element, name).ToString();

    private static string TextOrNone(JsonElement element, string name) => element.TryGetProperty(name, out var value)
        ? value.ToString() : "";

    private static int Number(JsonElement element, string name) => Field(element, name).GetInt32();

    private static DateTimeOffset Time(JsonElement element, string name) => Field(element, name).GetDateTimeOffset();

    private static JsonElement Field(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value
        : throw new JsonException($"the manager's answer has no field '{name}'");
}

/// <summary>A decision.</summary>
public sealed record DecisionRow(
    DateTimeOffset At, string App, string Policy, string Rule, int From, int To, string Reason, string Outcome, bool DryRun);

/// <summary>A policy in force.</summary>
/// <param name="Name">Its name.</param>
/// <param name="App">The apps that it governs, as it says.</param>
/// <param name="File">Its file.</param>
/// <param name="Min">The least count.</param>
/// <param name="Max">The most.</param>
/// <param name="Findings">Why it, or a rule of it, has no effect.</param>
public sealed record PolicyRow(string Name, string App, string File, int Min, int Max, IReadOnlyList<string> Findings);

/// <summary>A scraped target.</summary>
public sealed record TargetRow(string App, string Instance, string Address, string State, string LastError);

/// <summary>One thing that a budget limits; what is used is null where that is unknown.</summary>
public sealed record BudgetRow(string Budget, string Apps, string Unit, double Allowed, double? Used);

/// <summary>The policies and budgets in force, and what is wrong with their files.</summary>
public sealed record PolicyPage(
    IReadOnlyList<PolicyRow> Policies, IReadOnlyList<BudgetRow> Budgets, IReadOnlyList<string> Problems);

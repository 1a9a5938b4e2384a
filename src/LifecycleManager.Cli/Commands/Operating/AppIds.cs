using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Cli.Commands.Operating;

/// <summary>Which app a command means: <c>/shop/web</c> as it stands; <c>web</c> the one app whose id ends so.</summary>
internal static class AppIds
{
    private const int MaxLength = 512;
    private const int Shown = 5;

    /// <summary>The argument.</summary>
    public static Argument<string> Argument() =>
        new("app") { Description = "The app's id, /shop/web; or its end, web, where one app alone has it" };

    /// <summary>The id of the app that is meant.</summary>
    /// <exception cref="CliException">It is no id; no app, or several, have it.</exception>
    public static Task<string> FindAsync(Endpoint scheduler, string given, CancellationToken stop) =>
        FindAsync(scheduler, "/v2/apps", "id", given, stop);

    /// <summary>The same, among the apps that a manager knows. One that is gone is meant by its whole id.</summary>
    /// <exception cref="CliException">It is no id; no app, or several, have it.</exception>
    public static Task<string> FindAtManagerAsync(Endpoint manager, string given, CancellationToken stop) =>
        FindAsync(manager, "/v1/apps", "app", given, stop, "; one that is gone is meant by its whole id, /shop/web");

    private static async Task<string> FindAsync(
        Endpoint role, string path, string field, string given, CancellationToken stop, string otherwise = "")
    {
        var id = Check(given);
        if (given.StartsWith('/')) return id;
        var answer = await role.GetAsync(path, stop);
        HashSet<string> all = [.. (answer["apps"] as JsonArray ?? []).Select(app => (string?)app?[field]).OfType<string>()];
        if (all.Contains(id)) return id;
        var matches = all.Where(app => app.EndsWith(id, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        return matches switch
        {
            [var one] => one,
            [] => throw new CliException(
                $"no app is '{id}'{Hint(id, all)}: 'lcm app list' shows all{otherwise}", code: ExitStatus.NotFound),
            _ => throw new CliException(
                $"{matches.Count} apps end with '{given}': {string.Join(", ", matches.Take(Shown))}"
                + $"{(matches.Count > Shown ? ", ..." : "")}; say the whole id", code: ExitStatus.NotFound),
        };
    }

    /// <summary>An id as a path from the root, where it is one at all.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static string Check(string given)
    {
        var id = "/" + given.Trim('/');
        if (id.Length is 1 or > MaxLength || id.Split('/').Skip(1).Any(part => !IsPart(part)))
            throw new CliException(
                $"'{Output.SafeText.Line(given)}' is no id: parts of lower case letters, digits, dots and dashes between "
                + "slashes, such as /shop/web, are needed");
        return id;
    }

    /// <summary>The path of an app at the scheduler.</summary>
    public static string Path(string id) => "/v2/apps" + id;

    private static bool IsPart(string part) => part.Length > 0 && part.Any(c => c != '.')
        && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.');

    private static string Hint(string id, IEnumerable<string> all) => NearestName.Of(id, all) is { } near
        ? $" (did you mean {near}?)" : "";
}

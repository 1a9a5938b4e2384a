using System.Globalization;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Security;

/// <summary>The notation of a file of credentials, in JSON. What is not known is refused, never passed over.</summary>
internal static class CredentialsFile
{
    private static readonly string[] Top = ["credentials", "schedulers"];
    private static readonly string[] OfEntry = ["principal", "secret", "permissions", "roles", "groups", "until"];

    private static readonly string[] Instants = ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:sszzz"];

    private static readonly Dictionary<string, Permission> Words = new(StringComparer.Ordinal)
    {
        ["view"] = Permission.View,
        ["operate"] = Permission.Operate,
        ["exec"] = Permission.Exec,
        ["agent"] = Permission.Agent,
        ["impersonate"] = Permission.Impersonate,
    };

    private static readonly Dictionary<string, GroupPermission> OfGroups = new(StringComparer.Ordinal)
    {
        ["view"] = GroupPermission.View,
        ["logs"] = GroupPermission.Logs,
        ["files"] = GroupPermission.Files,
        ["scale"] = GroupPermission.Scale,
        ["deploy"] = GroupPermission.Deploy,
        ["exec"] = GroupPermission.Exec,
    };

    /// <summary>Reads a text.</summary>
    /// <returns>The entries, each with its secret or null; and the principals of schedulers.</returns>
    /// <exception cref="FormatException">It is not as it should be; the message has the line and never a secret.</exception>
    public static (IReadOnlyList<Entry> Entries, IReadOnlyList<string> Schedulers) Parse(string text)
    {
        var file = PlacedJson.Parse(text);
        if (file.Members is null) throw file.Wrong("credentials", "at least one is needed");
        OnlyKnown(file, "", Top);
        if (file["credentials"]?.Items is not { Count: > 0 } stated)
            throw (file["credentials"] ?? file).Wrong("credentials", "at least one is needed");
        return ([.. stated.Select((entry, index) => Read(entry, $"credentials[{index}]"))],
            Texts(file, "schedulers", "") is { } schedulers ? [.. schedulers.Select(scheduler => scheduler.Text!)] : []);
    }

    private static Entry Read(PlacedJson json, string at)
    {
        if (json.Members is not null) OnlyKnown(json, at, OfEntry);
        if (Text(json, "principal", at) is not { Text: { Length: > 0 } name } principal)
            throw json.Wrong($"{at}.principal", "is missing");
        if (name.Contains(':')) throw principal.Wrong($"{at}.principal", $"'{name}' holds a colon");
        var secret = Text(json, "secret", at);
        if (secret?.Text is { Length: 0 }) throw secret.Wrong($"{at}.secret", "is empty");
        var (permissions, roles) = (Texts(json, "permissions", at), Texts(json, "roles", at));
        var groups = json["groups"];
        var isOpen = permissions is null && roles is null && groups is null;
        var sum = isOpen ? Permission.Operate | Permission.Agent | Permission.Exec : Permission.None;
        foreach (var word in permissions ?? [])
        {
            sum |= Words.TryGetValue(word.Text!, out var known) ? known : throw word.Wrong($"{at}.permissions",
                $"'{word.Text}' must be view, operate, exec, agent or impersonate{NearestName.Hint(word.Text!, Words.Keys)}");
        }

        foreach (var role in roles ?? [])
            if (RolePattern.WhyInvalid(role.Text!) is { } problem) throw role.Wrong($"{at}.roles", problem);
        IReadOnlyList<string> ofMesos = isOpen ? ["*"] : [.. (roles ?? []).Select(role => role.Text!)];
        return new Entry(secret?.Text, principal, new Principal(name, sum, ofMesos)
        {
            Scope = new AppScope(sum, groups is null ? [] : Grants(groups, $"{at}.groups")),
            Until = Text(json, "until", at) is { } until ? Instant(until, $"{at}.until") : null,
        });
    }

    private static List<GroupGrant> Grants(PlacedJson groups, string at)
    {
        if (groups.Members is not { Count: > 0 } stated)
            throw groups.Wrong(at, "an object is needed, such as {\"/shop/**\": [\"view\", \"deploy\"]}");
        return [.. stated.Select(group => new GroupGrant(Pattern(group.Name, group.Value, at), Of(group.Value,
            $"{at}['{group.Name}']")))];
    }

    private static GroupPermission Of(PlacedJson words, string at)
    {
        if (words.Items is not { Count: > 0 } stated)
            throw words.Wrong(at, $"a list is needed of some of {string.Join(", ", OfGroups.Keys)}");
        var sum = GroupPermission.None;
        foreach (var word in stated)
        {
            sum |= word.Text is { } text && OfGroups.TryGetValue(text, out var known) ? known : throw word.Wrong(at,
                $"'{word.Text}' must be {string.Join(", ", OfGroups.Keys)}{NearestName.Hint(word.Text ?? "", OfGroups.Keys)}");
        }

        return sum;
    }

    /// <summary>A glob of ids of apps; what can match none is a mistake.</summary>
    private static string Pattern(string pattern, PlacedJson value, string at)
    {
        if (pattern.Length is < 2 or > 1024 || pattern[0] != '/' || pattern.EndsWith('/') || pattern.Contains("//"))
        {
            var meant = "/" + pattern.Trim('/') + (pattern.Contains('*') ? "" : "/**");
            throw value.Wrong(at, $"'{pattern}' is no id of an app and no pattern of some; did you mean "
                + $"'{meant.Replace("//", "/", StringComparison.Ordinal)}'?");
        }

        if (pattern.Contains("***")) throw value.Wrong(at, $"'{pattern}' has three stars: two stand for any characters");
        foreach (var c in pattern)
        {
            if (c is <= ' ' or > '~' or '[' or ']' or '{' or '}' or ',' or '\\')
                throw value.Wrong(at, $"'{pattern}' holds '{c}', which no id of an app has; patterns know *, ** and ?");
        }

        return pattern;
    }

    private static DateTimeOffset Instant(PlacedJson until, string at) =>
        DateTimeOffset.TryParseExact(until.Text, Instants, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant)
        ? instant : throw until.Wrong(at, $"'{until.Text}' is no instant with its zone, such as 2027-01-31T00:00:00Z");

    private static void OnlyKnown(PlacedJson json, string at, string[] known)
    {
        foreach (var (name, value) in json.Members!)
        {
            if (known.Contains(name)) continue;
            throw value.Wrong(at.Length == 0 ? name : $"{at}.{name}", $"is not known{NearestName.Hint(name, known)}");
        }
    }

    private static PlacedJson? Text(PlacedJson json, string name, string at) =>
        json[name] is not { } value ? null : value.Text is not null ? value
        : throw value.Wrong($"{at}.{name}", "a text is needed");

    private static IReadOnlyList<PlacedJson>? Texts(PlacedJson json, string name, string at)
    {
        if (json[name] is not { } value) return null;
        var where = at.Length == 0 ? name : $"{at}.{name}";
        if (value.Items is not { } items) throw value.Wrong(where, "a list of texts is needed");
        return items.FirstOrDefault(item => item.Text is null) is { } wrong
            ? throw wrong.Wrong(where, "a text is needed") : items;
    }

    /// <summary>One credential.</summary>
    /// <param name="Secret">Null for a client's certificate.</param>
    /// <param name="Place">Where its principal stands.</param>
    /// <param name="Principal">Who it is.</param>
    public sealed record Entry(string? Secret, PlacedJson Place, Principal Principal);
}

using System.Text.Json.Nodes;

namespace LifecycleManager.Scheduler.Tests.Fakes;

/// <summary>
/// The shape of a recorded answer: <c>name</c> is a text, <c>name#</c> a number, <c>name?</c> true or false, <c>name{…}</c> an
/// object, <c>name[…]</c> a list of what is in it; <c>..</c> is deeper than was recorded.
/// </summary>
internal sealed class RecordedShape(string text)
{
    private int _at;

    /// <summary>What an answer lacks of the shape: paths of fields that are missing or of another kind.</summary>
    public IReadOnlyList<string> Missing(JsonNode answer)
    {
        var missing = new List<string>();
        _at = 0;
        Value([answer], "", missing);
        return missing;
    }

    // Of several items of a list one at least is as the recorded one was.
    private void Value(List<JsonNode?> nodes, string path, List<string> missing)
    {
        switch (text[_at])
        {
            case '{':
                Fields([.. nodes.OfType<JsonObject>()], nodes.Count == 0, path, missing);
                break;
            case '[':
                if (nodes.Count > 0 && !nodes.Any(node => node is JsonArray)) missing.Add($"{path} is no list");
                _at++;
                if (text[_at] == '.') _at += 2;
                else if (text[_at] is '#' or '?' or '-') _at++;
                else if (text[_at] is '{' or '[')
                    Value([.. nodes.OfType<JsonArray>().SelectMany(list => list)], path + "[]", missing);
                while (text[_at] != ']') _at++;
                _at++;
                break;
            default:
                throw new FormatException($"'{text[_at..]}' is no shape");
        }
    }

    private void Fields(List<JsonObject> objects, bool isNothing, string path, List<string> missing)
    {
        // What is a map has other names each time.
        var isMap = path.EndsWith("/env", StringComparison.Ordinal) || path.EndsWith("/labels", StringComparison.Ordinal)
            || path.EndsWith("/environment", StringComparison.Ordinal);
        if (!isNothing && objects.Count == 0) missing.Add($"{path} is no object");
        for (_at++; text[_at] != '}';)
        {
            if (text[_at] == ' ')
            {
                _at++;
                continue;
            }

            var begin = _at;
            while (text[_at] is not (' ' or '{' or '}' or '[' or '#' or '?')
                && !(text[_at] == '.' && text[_at + 1] == '.')) _at++;
            var name = text[begin.._at];
            var found = objects.Where(item => item.ContainsKey(name)).Select(item => item[name]).ToList();
            if (!isMap && objects.Count > 0 && found.Count == 0) missing.Add($"{path}/{name}");
            if (text[_at] is '{' or '[') Value(found, $"{path}/{name}", missing);
            else if (text[_at] is '#' or '?') _at++;
            else if (text[_at] == '.') _at += 2;
        }

        _at++;
    }
}

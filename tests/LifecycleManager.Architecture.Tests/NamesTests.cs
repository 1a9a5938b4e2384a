using System.Text.RegularExpressions;

namespace LifecycleManager.Architecture.Tests;

/// <summary>
/// A name means one thing: no two types of the product have the same one. What a type keeps to itself is its own affair.
/// </summary>
public sealed partial class NamesTests
{
    /// <summary>Names of others, which mean what their readers know them by.</summary>
    private static readonly Dictionary<string, string> Known = new()
    {
        ["App"] = "Marathon's on the wire; a fact of rules in C#, and of the engine's own rules, for whom that is the word",
        ["Group"] = "Marathon's on the wire; a fact of rules in C#",
    };

    [Fact]
    public void A_name_of_a_type_is_declared_once()
    {
        var declared = Directory.EnumerateFiles(Repository.Path("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .SelectMany(file => File.ReadLines(file).Select(line => Declaration().Match(line)).Where(match => match.Success)
                .Select(match => (Name: match.Groups[1].Value, File: file)).Distinct())
            .GroupBy(type => type.Name, type => type.File, StringComparer.Ordinal)
            .ToDictionary(type => type.Key, type => type.Distinct().ToList());
        Assert.All(declared.Where(type => type.Value.Count > 1 && !Known.ContainsKey(type.Key)),
            type => Assert.Fail($"{type.Key} is declared in {string.Join(" and ", type.Value)}"));
        Assert.All(Known.Keys, name => Assert.True(declared[name].Count > 1,
            $"{name} is declared once: take it off the list"));
    }

    // A type of its own begins its line: nested ones are indented.
    [GeneratedRegex(@"^(?:(?:public|internal|file|static|sealed|abstract|partial|readonly|ref) )*"
        + @"(?:class|record struct|record class|record|struct|interface|enum) ([A-Z]\w*)")]
    private static partial Regex Declaration();
}

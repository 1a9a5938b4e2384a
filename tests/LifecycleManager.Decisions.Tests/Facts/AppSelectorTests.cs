using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Tests.Facts;

public sealed class AppSelectorTests
{
    [Theory]
    [InlineData("/a/*", "/a/b", true)]
    [InlineData("/a/*", "/a/b/c", false)]
    [InlineData("/a/**", "/a/b/c", true)]
    [InlineData("/**/c", "/a/b/c", true)]
    [InlineData("/**/b*d", "/a/bcd/bad", true)]
    [InlineData("/**/b*d", "/a/bcd/bax", false)]
    [InlineData("/a/search-*", "/a/search-", true)]
    [InlineData("/a/?", "/a/bb", false)]
    [InlineData("/?/b", "/a/b", true)]
    [InlineData("/a?b", "/a/b", false)]
    [InlineData("/*/*/c", "/a/b/c", true)]
    [InlineData("/*a*b*c", "/xaxbxc", true)]
    [InlineData("/*a*b*c", "/xaxbxcd", false)]
    [InlineData("", "", true)]
    [InlineData("**", "", true)]
    [InlineData("*", "/a", false)]
    public void Globs_stop_at_slashes_unless_doubled(string glob, string id, bool matches) =>
        Assert.Equal(matches, Glob.IsMatch(glob, id, paths: true));

    [Fact]
    public void A_hostile_glob_takes_bounded_time() =>
        Assert.False(Glob.IsMatch(string.Concat(Enumerable.Repeat("*a", 200)) + "**b", new string('a', 20_000), paths: true));

    [Fact]
    public void Priority_then_closeness_then_name_chooses_the_policy()
    {
        var engine = new DecisionEngine();
        var text = string.Join("\n---\n", Policy("exact", "/shop/search", 0), Policy("glob", "/shop/*", 0),
            Policy("a-glob", "/shop/s*", 0),
            Policy("labels", "{ labels: { team: x* } }", 0), Policy("boss", "/shop/boss-*", 5),
            Policy("boss exact", "/shop/boss-1", 0));
        engine.Use(new PolicySet(PolicyParser.Parse("f.yml", text).Policies));
        Assert.Equal("exact", engine.PolicyOf(new AppRef("/shop/search", null))?.Name);
        Assert.Equal("a-glob", engine.PolicyOf(new AppRef("/shop/search2", null))?.Name);
        Assert.Equal("glob", engine.PolicyOf(new AppRef("/shop/web", null))?.Name);
        Assert.Equal("boss", engine.PolicyOf(new AppRef("/shop/boss-1", null))?.Name);
        Assert.Equal("labels", engine.PolicyOf(new AppRef("/other", new Dictionary<string, string> { ["team"] = "xyz" }))?.Name);
        Assert.Null(engine.PolicyOf(new AppRef("/other", new Dictionary<string, string> { ["team"] = "abc" })));
        Assert.Null(engine.PolicyOf(new AppRef("/other", null)));

        static string Policy(string name, string app, int priority) =>
            $"policy: {name}\napp: {app}\ninstances: {{ max: 2 }}\npriority: {priority}\nrules: []";
    }
}

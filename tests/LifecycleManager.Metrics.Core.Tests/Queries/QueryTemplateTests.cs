using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Tests.Queries;

public sealed class QueryTemplateTests
{
    private static readonly Dictionary<string, string> Labels = new()
    {
        ["team"] = "a\"b\\c'd\ne`f",
        ["queue"] = "orders.eu",
        ["path"] = "../admin",
        ["up"] = "..",
        ["glob"] = "*",
    };

    [Theory]
    [InlineData(TemplateLanguage.PromQl, "sum(rate(calls_total{app=\"$app\"}[5m]))",
        "sum(rate(calls_total{app=\"/shop/web.1\"}[5m]))")]
    [InlineData(TemplateLanguage.PromQl, "x{app='${app}'}", "x{app='/shop/web.1'}")]
    [InlineData(TemplateLanguage.PromQl, "x{app=~\"$app.*\"}", "x{app=~\"/shop/web\\\\.1.*\"}")]
    [InlineData(TemplateLanguage.PromQl, "x{app !~ `$app`}", "x{app !~ `/shop/web\\.1`}")]
    [InlineData(TemplateLanguage.PromQl, "x{t=\"${label:team}\"}", "x{t=\"a\\\"b\\\\c'd\\ne`f\"}")]
    [InlineData(TemplateLanguage.PromQl, "x{t='${label:team}'}", "x{t='a\"b\\\\c\\'d\\ne`f'}")]
    [InlineData(TemplateLanguage.PromQl, "x{t=~\"${label:queue}\"}", "x{t=~\"orders\\\\.eu\"}")]
    [InlineData(TemplateLanguage.PromQl, "label_replace(x, \"a\", \"$1-${2}\", \"b\", \"(.*)$\")",
        "label_replace(x, \"a\", \"$1-${2}\", \"b\", \"(.*)$\")")]
    [InlineData(TemplateLanguage.PromQl, "x{a=\"$$app\"} # $foo\n", "x{a=\"$app\"} # $foo\n")]
    [InlineData(TemplateLanguage.PromQl, "x{a=\"\\\"$app\"}", "x{a=\"\\\"/shop/web.1\"}")]
    [InlineData(TemplateLanguage.Name, "jobs:$app:${label:queue}", "jobs:/shop/web.1:orders.eu")]
    [InlineData(TemplateLanguage.QueueOfVhost, "$app-*", "/shop/web.1-*")]
    [InlineData(TemplateLanguage.Queue, "shop/${label:queue}", "shop/orders.eu")]
    [InlineData(TemplateLanguage.Path, "/stats/$app?q=${label:team}", "/stats/%2Fshop%2Fweb.1?q=a%22b%5Cc%27d%0Ae%60f")]
    [InlineData(TemplateLanguage.Path, "/stats/${label:path}", "/stats/..%2Fadmin")]
    [InlineData(TemplateLanguage.Sql, "select count(*) from jobs where app = $app and state <> 'do''ne' -- $x",
        "select count(*) from jobs where app = '/shop/web.1' and state <> 'do''ne' -- $x")]
    [InlineData(TemplateLanguage.Sql, "select $$a $app$$ || ${label:team} || $t$$x$t$ /* $y */ || \"na$me\" || E'\\'$z'",
        "select $$a $app$$ ||  E'a\"b\\\\c''d\ne`f' || $t$$x$t$ /* $y */ || \"na$me\" || E'\\'$z'")]
    public void Values_are_escaped_for_the_place_where_they_stand(TemplateLanguage language, string text, string expected)
    {
        var template = QueryTemplate.Parse(text, language);
        Assert.True(template.TryExpand("/shop/web.1", Labels, out var filled, out var problem), problem);
        Assert.Equal(expected, filled);
    }

    [Theory]
    [InlineData(TemplateLanguage.PromQl, "x{a=\"$ap\"}", 5, "unknown placeholder '$ap'", "did you mean '$app'?")]
    [InlineData(TemplateLanguage.PromQl, "rate(x[$__rate_interval])", 7, "unknown placeholder '$__rate_interval'",
        "$app and ${label:NAME} are known; write $$ for a dollar sign")]
    [InlineData(TemplateLanguage.PromQl, "x{a=$app}", 4, "a placeholder stands in a string", "put it in quotes: app=\"$app\"")]
    [InlineData(TemplateLanguage.Name, "${label:}", 0, "unknown placeholder '${label:}'",
        "$app and ${label:NAME} are known; write $$ for a dollar sign")]
    [InlineData(TemplateLanguage.Name, "a${app", 1, "'${' has no '}'", "write $$ for a dollar sign")]
    [InlineData(TemplateLanguage.Sql, "select 1 where a = '$app'", 20, "a placeholder stands in a quoted text",
        "take the quotes away: where app = $app")]
    public void What_is_unknown_or_misplaced_is_told_with_its_place(
        TemplateLanguage language, string text, int offset, string message, string suggestion)
    {
        var e = Assert.Throws<TemplateException>(() => QueryTemplate.Parse(text, language));
        Assert.Equal((offset, message, suggestion), (e.Offset, e.Message, e.Suggestion));
    }

    [Theory]
    [InlineData(TemplateLanguage.Name, "${label:none}", "/a has no label none")]
    [InlineData(TemplateLanguage.Name, "${label:team}", "control characters are refused")]
    [InlineData(TemplateLanguage.PromQl, "x{a=`${label:team}`}", "write the string in double quotes")]
    [InlineData(TemplateLanguage.Queue, "x-${label:glob}", "'/', '*', '?'")]
    [InlineData(TemplateLanguage.Queue, "x-$app", "with a 'vhost' of its own")]
    [InlineData(TemplateLanguage.QueueOfVhost, "x-${label:glob}", "'*', '?'")]
    [InlineData(TemplateLanguage.Path, "/a/${label:up}/b", "it would lead to another path")]
    public void A_value_that_cannot_stand_there_is_told(TemplateLanguage language, string text, string problem)
    {
        Assert.False(QueryTemplate.Parse(text, language).TryExpand("/a", Labels, out _, out var told));
        Assert.Contains(problem, told, StringComparison.Ordinal);
    }

    /// <summary>Whatever a value is, the query around it reads as before: a string ends where it ended.</summary>
    [Fact]
    public void No_value_ends_a_string()
    {
        var random = new Random(1);
        const string Signs = "\"'`\\${}()|=~!#/*\n\r\t a1é-";
        for (var i = 0; i < 300; i++)
        {
            var value = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => Signs[random.Next(Signs.Length)]));
            foreach (var quote in "\"'")
            {
                foreach (var op in (string[])["=", "=~"])
                {
                    var template = QueryTemplate.Parse($"x{{a{op}{quote}${{label:v}}{quote},b=\"y\"}}", TemplateLanguage.PromQl);
                    Assert.True(template.TryExpand("/a", new Dictionary<string, string> { ["v"] = value }, out var text, out _));
                    var selector = SeriesSelector.TryParse(text, out var parsed, out var error) ? parsed : null;
                    Assert.True(selector is not null, $"{text}: {error}");
                    Assert.True(selector.Accepts(new Dictionary<string, string> { ["a"] = value, ["b"] = "y" }), text);
                }
            }

            var sql = QueryTemplate.Parse("${label:v}", TemplateLanguage.Sql);
            Assert.True(sql.TryExpand("/a", new Dictionary<string, string> { ["v"] = value }, out var literal, out _));
            Assert.Equal(value, Unquoted(literal));
        }
    }

    private static string Unquoted(string literal)
    {
        var escapes = literal.StartsWith(" E", StringComparison.Ordinal);
        var inner = literal[(escapes ? 3 : 1)..^1].Replace("''", "'", StringComparison.Ordinal);
        return escapes ? inner.Replace("\\\\", "\\", StringComparison.Ordinal) : inner;
    }
}

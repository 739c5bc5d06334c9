//! XML option files: elements below `<uwsgi>`. `<app mountpoint="/x">` is `mount`, and so is `<app domain="x">`.

use roxmltree::{Document, Node};

use super::option_line::{OptionLine, OptionLines, ReadProblem, SECTION};
use crate::config::error::SyntaxProblem;

/// The options below the element `uwsgi`, in their order. `section` is the `id` of the element.
///
/// # Errors
/// A text that is not XML, or without the element.
pub(super) fn read(text: &str, section: Option<&str>) -> OptionLines {
    let document = Document::parse(text).map_err(|error| {
        let line = usize::try_from(error.pos().row).unwrap_or(1).max(1);
        ReadProblem::at(line, SyntaxProblem::Xml(error.to_string()))
    })?;
    let is_asked = |node: &Node<'_, '_>| match (section, node.attribute("id")) {
        (Some(section), Some(id)) => section == id,
        _ => true,
    };
    let root = document.root_element();
    let element = if root.has_tag_name(SECTION) {
        Some(root)
    } else {
        root.children().find(|node| node.has_tag_name(SECTION) && is_asked(node))
    };
    let element = element.ok_or_else(|| ReadProblem::no_section(section.unwrap_or(SECTION)))?;
    let mut options = Vec::new();
    for node in element.children().filter(|node| node.is_element() && is_asked(node)) {
        let line = usize::try_from(document.text_pos_at(node.range().start).row).unwrap_or(1);
        if node.has_tag_name("app") {
            let script =
                node.children().find(Node::is_element).unwrap_or(node).text().unwrap_or_default().trim();
            let at = node.attribute("mountpoint").map(str::to_owned);
            let at = at.or_else(|| node.attribute("domain").map(|domain| format!("{domain}|")));
            if let Some(at) = at {
                options.push(OptionLine { line, word: "mount".to_owned(), value: format!("{at}={script}") });
            }
            options.push(OptionLine { line, word: "app".to_owned(), value: String::new() });
            continue;
        }
        let word = node.tag_name().name().to_owned();
        // An element without text is true.
        let value = node.text().unwrap_or("1").to_owned();
        options.push(OptionLine { line, word, value });
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, section: Option<&str>) -> Vec<String> {
        let options = read(text, section).unwrap();
        options.iter().map(|one| format!("{} {}={}", one.line, one.word, one.value)).collect()
    }

    #[test]
    fn elements_are_options() {
        let text = "<?xml version=\"1.0\"?>\n<uwsgi>\n <socket>127.0.0.1:3031</socket>\n <master/>\n <env>A=1 &amp; 2</env>\n\
                    <app mountpoint=\"/x\"> <script>foo</script></app></uwsgi>";
        let expected = ["3 socket=127.0.0.1:3031", "4 master=1", "5 env=A=1 & 2", "6 mount=/x=foo", "6 app="];
        let domain = "<uwsgi><app domain=\"a.example\"><script>foo</script></app></uwsgi>";
        assert_eq!(shown(domain, None), ["1 mount=a.example|=foo", "1 app="]);
        assert_eq!(shown(text, None), expected);
        let text = "<all><uwsgi id=\"a\"><x>1</x></uwsgi><uwsgi id=\"b\"><x>2</x></uwsgi></all>";
        assert_eq!(shown(text, Some("b")), ["1 x=2"]);
        assert_eq!(shown(text, None), ["1 x=1"]);
    }

    #[test]
    fn errors_name_the_line() {
        assert_eq!(read("<uwsgi>\n<a></b></uwsgi>", None).unwrap_err().line, Some(2));
        assert_eq!(read("<all/>", None).unwrap_err().line, None);
        // No entities from elsewhere.
        let text = "<!DOCTYPE u [<!ENTITY e SYSTEM \"/etc/passwd\">]><uwsgi><a>&e;</a></uwsgi>";
        assert!(read(text, None).is_err());
    }
}

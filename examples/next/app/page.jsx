"use client"
import { connect } from "@magpie/client"
import { useEffect, useState } from "react"

/** The newest headlines, and each one that comes. */
export default function Page() {
  const [titles, setTitles] = useState([])
  useEffect(() => {
    const magpie = connect(location.origin)
    const news = magpie.channel("news/today")
    news.on("headline", ({ data }) => setTitles((earlier) => [data.title, ...earlier]))
    news.subscribe({ last: 10 })
    return () => void magpie.close()
  }, [])
  return (
    <main>
      <h1>the front page</h1>
      <ul>
        {titles.map((title) => (
          <li key={title}>{title}</li>
        ))}
      </ul>
    </main>
  )
}
